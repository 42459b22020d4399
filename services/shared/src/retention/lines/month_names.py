"""Names of months and weekdays, in lower case and without accents.

English, German, French, Spanish, Italian, Dutch and Portuguese.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_MONTHS: Final = (
    "jan january januar janner jaenner janv janvier ene enero gen genn gennaio januari janeiro",
    "feb february februar feber fev fevr fevrier febrero febbr febbraio febr februari fevereiro",
    "mar march marz maerz mrz mars marzo mrt maart marco",
    "apr april avr avril abr abril aprile",
    "may mai mayo mag magg maggio mei maio",
    "jun june juni juin junio giu giugno junho",
    "jul july juli juil juillet julio lug luglio julho",
    "aug august aou aout ago agosto augustus",
    "sep sept september septembre septiembre setiembre set sett settembre setembro",
    "oct october okt oktober octobre octubre ott ottobre out outubro",
    "nov november novembre noviembre novembro",
    "dec december dez dezember decembre dic diciembre dicembre dezembro",
)
MONTHS: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}

# "mar" is March too: a weekday is looked for only where the text is no date without it.
_WEEKDAYS: Final = (
    "mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday "
    "mo montag di dienstag mi mittwoch do donnerstag fr freitag sa samstag sonnabend so sonntag "
    "lun lundi mar mardi mer mercredi jeu jeudi ven vendredi sam samedi dim dimanche "
    "lunes martes mie miercoles jue jueves vie viernes sab sabado dom domingo "
    "lunedi martedi mercoledi gio giovedi venerdi sabato domenica "
    "ma maandag dinsdag wo woensdag donderdag vr vrijdag za zaterdag zo zondag "
    "seg segunda segunda-feira ter terca terca-feira qua quarta quarta-feira qui quinta quinta-feira "
    "sex sexta sexta-feira"
)
WEEKDAYS: Final = frozenset(_WEEKDAYS.split())


def without_accents(text: str) -> str:
    """Return the text in lower case and without accents; its digits stay what they are."""
    parts = unicodedata.normalize("NFD", text)
    return "".join(part for part in parts if not unicodedata.combining(part)).lower()
