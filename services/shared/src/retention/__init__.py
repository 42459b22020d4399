"""The library every service uses: what a line is, how features are made, how a model scores. Imported, never run."""
