// Follows the system's colour scheme: this class switches the style sheet to dark mode.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", dress);
dress();

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: -1, // each answer shows its own schema
  syntaxHighlight: { theme: dark.matches ? "arta" : "idea" },
  tryItOutEnabled: true, // one press fewer before Execute
  validatorUrl: null,
});
