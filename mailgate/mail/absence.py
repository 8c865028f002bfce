"""Until when somebody is away, by the text of their auto-reply.

Only a date close behind a word such as "until" or "back on" is believed, since auto-replies name
other dates too. A text is read to a fixed length, and each word looks at a few characters behind
it, so the work is linear.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

_LONGEST = 4000  # characters read
_NEAR = 25  # characters behind the word within which the date begins
FARTHEST = timedelta(days=90)
"""A later return is not waited for: nobody is to be forgotten because of a wrong year."""

# "Back on the 5th": the day itself is one of work. "Until the 5th": the day after it is.
_BACK = (
    "back on|back in the office on|back at work on|back from|return on|returning on|returns on"
    "|be back|i return|available again on|available again from|available from"
    "|in the office again on"
    "|wieder am|wieder ab|zurück am|zurück ab|erreichbar ab|erreichbar am|wieder da bin ich am"
    "|wieder im büro am|wieder im haus am|ab dem|rückkehr am"
    "|de retour le|retour le|reviens le|reviendrai le|à partir du|mon retour le|au bureau le"
    "|vuelvo el|regreso el|regresaré el|volveré el|de vuelta el|a partir del|de regreso el"
    "|torno il|tornerò il|rientro il|rientrerò il|di ritorno il|di nuovo in ufficio il"
    "|a partire dal"
    "|terug op|weer op|weer aanwezig op|weer bereikbaar op|weer bereikbaar vanaf|vanaf"
    "|de volta em|de volta a|regresso a|regresso no dia|retorno em|a partir de|voltarei em"
    "|z powrotem|wracam|wrócę|od dnia|będę dostępny od|będę dostępna od|powrót"
    "|tillbaka den|åter den|åter på kontoret den|från och med den|tillbaka på kontoret den"
    "|tilbage den|tilbage på kontoret den|fra og med den|tilbake den|tilbake på kontoret den"
)
_UNTIL = (
    "until|till|thru|through|up to and including|up to"
    "|bis zum|bis einschließlich|bis"
    "|jusqu'au|jusqu’au|jusqu'à|au"
    "|hasta el|hasta|fino al|sino al|al"
    "|tot en met|t/m|tot|até ao dia|até ao|até o dia|até|do dnia|do"
    "|till och med den|till och med|t.o.m.|t o m|till den|til og med den|til og med"
    "|til den|til|t.o.m"
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january|jan|januar|jänner|janvier|janv|enero|ene|gennaio|gen|januari|janeiro|stycznia|sty",
            "february|feb|februar|feber|février|févr|fevrier|febrero|febbraio|februari|fevereiro|fev|lutego|lut",
            "march|mar|märz|mrz|mars|marzo|maart|mrt|março|marca|marts",
            "april|apr|avril|avr|abril|abr|aprile|kwietnia|kwi",
            "may|mai|mayo|maggio|mag|mei|maio|maja|maj",
            "june|jun|juni|juin|junio|giugno|giu|junho|czerwca|cze",
            "july|jul|juli|juillet|juil|julio|luglio|lug|julho|lipca|lip",
            "august|aug|août|aout|agosto|ago|augustus|sierpnia|sie|augusti",
            "september|sep|sept|septembre|septiembre|settembre|set|setembro|września|wrz",
            "october|oct|oktober|okt|octobre|octubre|ottobre|ott|outubro|out|października|paź",
            "november|nov|novembre|noviembre|novembro|listopada|lis",
            "december|dec|dezember|dez|décembre|déc|diciembre|dic|dicembre|dezembro|grudnia|gru|desember|des",
        ),
        1,
    )
    for name in names.split("|")
}


def _any_of(words: str) -> str:
    return "|".join(re.escape(word) for word in sorted(words.split("|"), key=len, reverse=True))


_CUE = re.compile(rf"(?<!\w)(?:(?P<back>{_any_of(_BACK)})|(?:{_any_of(_UNTIL)}))(?!\w)")
_MONTH = rf"(?P<month>{_any_of('|'.join(_MONTHS))})"
_YEAR = r"(?P<year>20\d\d)"
_OTHER = r"\d{4}"  # another year behind a day: it is not the next of that day that is meant
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º|°)?"
_FORMS = (
    re.compile(rf"(?<!\d){_YEAR}[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?!\d)"),
    re.compile(
        rf"(?<!\d){_DAY}\s?(?:of |de |di )?{_MONTH}(?!\w)\.?,?(?:\s?(?:de |del )?{_YEAR}(?!\d))?"
        rf"(?!,?\s?(?:de |del )?{_OTHER})"
    ),
    re.compile(rf"(?<!\w){_MONTH}(?!\w)\.?\s?{_DAY}(?!\d)(?:,?\s{_YEAR}(?!\d))?(?!,?\s?{_OTHER})"),
    re.compile(
        r"(?<!\d)(?<!\d{4}[./-])(?P<day>\d{1,2})\s?(?P<sign>[./-])\s?(?P<month>\d{1,2})"
        r"(?:\s?[./-]\s?(?P<year>(?:20)?\d\d)?)?(?!\d)(?!\s?(?:uhr|h\b|[ap]\.?m\b))"
        rf"(?!\s?[./-]?\s?{_OTHER})"
    ),
)


def back_on(text: str, received: date) -> date | None:
    """Return the day on which the author of an auto-reply is there again, None if it is not said.

    `received` is the day on which the mail came. Of several dates the last counts that lies ahead,
    at most `FARTHEST`; one without a year is the next of that day. Of 5/6/2026 the first number
    is taken for the day, unless it can only be the month.
    """
    low = " ".join(text[:_LONGEST].casefold().split())
    found = [day for day in _dates(low, received) if received < day <= received + FARTHEST]
    return max(found, default=None)


def _dates(low: str, received: date) -> Iterator[date]:
    for cue in _CUE.finditer(low):
        behind = low[cue.end() : cue.end() + _NEAR + 30]
        day = _first(behind, received)
        if day is not None:
            yield day if cue["back"] else day + timedelta(days=1)


def _first(behind: str, received: date) -> date | None:
    """Return the date that begins first, within reach."""
    matches = [match for form in _FORMS if (match := form.search(behind))]
    near = [match for match in matches if match.start() <= _NEAR]
    if not near:
        return None
    first = min(near, key=lambda match: (match.start(), -match.end()))
    return _date(first, received)


def _date(match: re.Match[str], received: date) -> date | None:
    day = int(match["day"])
    named = match["month"]
    month = int(named) if named.isdigit() else _MONTHS[named]
    if month > 12 >= day and match.groupdict().get("sign") != ".":  # noqa: PLR2004 - the American order
        day, month = month, day
    year = match["year"]
    try:
        if year:
            return date(int(year) % 100 + 2000, month, day)
        this = date(received.year, month, day)
        return this if this >= received else date(received.year + 1, month, day)
    except ValueError:
        return None
