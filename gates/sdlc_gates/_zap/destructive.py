"""ZAP's active rules that may harm what a shared target stores, or who else uses it.

Ids as in ZAP's registry of scan rules (2.17). An attack without them still sends every form that it found.
"""

from __future__ import annotations

from collections.abc import Mapping

_SQL = "a condition that is always true can change or delete every row, where it lands in an UPDATE or DELETE"
_WAIT = "its queries keep the database busy for seconds each, for everybody"
_CODE = "where it succeeds, it runs commands on the server"
_STORE = "what it stores is shown to other users"
_CRASH = "where it succeeds, the service may crash"

DESTRUCTIVE: Mapping[str, str] = {
    "7": "where it succeeds, the server loads a file of somebody else's",
    "10053": "it is the request of a denial of service, CVE-2011-3192",
    "10048": _CODE,
    "20018": _CODE,
    "30001": _CRASH,
    "30002": _CRASH,
    "30003": _CRASH,
    "40009": _CODE,
    "40014": _STORE,
    "40016": _STORE,
    "40017": _STORE,
    "40018": _SQL,
    "40019": _WAIT,
    "40020": _WAIT,
    "40021": _WAIT,
    "40022": _WAIT,
    "40024": _WAIT,
    "40027": _WAIT,
    "40033": _SQL,
    "40044": "it is the request of a denial of service: entities that unfold without end",
    "90018": _SQL,
    "90019": _CODE,
    "90020": _CODE,
    "90025": _CODE,
    "90026": "it calls operations of a service in the name of others",
    "90028": "it tries PUT, DELETE and PATCH, which may write and delete",
    "90035": _CODE,
    "90036": _CODE,
    "90037": _CODE,
    "90039": _WAIT,
}
"""Why each is left out with `destructive = false`, by id."""
