"""URLs as Telegram sees them: which it accepts in a link, and which it finds in plain text.

The answers were compared with TDLib's own parser. Two of them surprise: `README.md` is a domain in
Moldova, and `localhost` is no URL at all.
"""

import re

from bridge.simulator.wire import Json

SCHEMES = {"http", "https", "tg", "ton", "tonsite"}
COUNTRIES = (
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs "
    "bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee "
    "eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm "
    "hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb "
    "lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz "
    "na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs "
    "ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk "
    "tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
GENERIC = (
    "com org net edu gov int mil info biz name app dev page blog cloud zip mov xyz online site"
)
TOP = "|".join((GENERIC + " " + COUNTRIES).split())
ADDRESS = r"(?:\d{1,3}\.){3}\d{1,3}"
TAIL = r"(?::\d{1,5})?(?:[/?#][^\s<>\"]*)?"

# In this order: what one has taken, the next leaves alone.
FOUND = (
    (
        "email",
        re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?!\w)", re.IGNORECASE),
    ),
    ("url", re.compile(rf"(?<!\w)https?://(?:[\w-]+\.)+[\w-]+{TAIL}", re.IGNORECASE)),
    (
        "url",
        re.compile(
            rf"(?<![\w@.:/-])(?:(?:[\w-]+\.)+(?:{TOP})|{ADDRESS})(?![\w-]){TAIL}", re.IGNORECASE
        ),
    ),
    (
        "bot_command",
        re.compile(r"(?<![/\w<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![/\w<>])"),
    ),
    ("mention", re.compile(r"(?<!\w)@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w)")),
    ("hashtag", re.compile(r"(?<!\w)#\w*[^\W\d]\w*")),
    ("cashtag", re.compile(r"(?<!\w)\$[A-Z]{1,8}(?!\w)")),
)


def fault(url: str) -> str | None:
    """Why a text_link to this URL is refused; None when it is not."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "http", url
    if scheme.lower() not in SCHEMES:
        return "Unsupported URL protocol"
    if not scheme.lower().startswith("http"):
        return None
    return _fault_of_host(re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2])


def _fault_of_host(host_and_port: str) -> str | None:
    host, colon, port = host_and_port.rpartition(":")
    if not colon or "]" in port:
        host, port = host_and_port, "80"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        return "Wrong port number specified in the URL"
    if not host:
        return "URL host is empty"
    if re.search(r"[\s\\]", host):
        return "Disallowed character in URL host"
    return None if "." in host or host.startswith("[") else "Wrong HTTP URL"


def found(text: str) -> list[Json]:
    """What Telegram marks in a text by itself; offsets in code points."""
    marked: list[Json] = []
    for kind, pattern in FOUND:
        for match in pattern.finditer(text):
            start, end = match.start(), match.end()
            if kind == "url":
                end = start + len(match[0].rstrip(".,;:!?'\")"))
            if not any(m["offset"] < end and start < m["offset"] + m["length"] for m in marked):
                marked.append({"type": kind, "offset": start, "length": end - start})
    return marked
