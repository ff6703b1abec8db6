"""All attacks."""

from __future__ import annotations

from tests.hostile import attacks as a
from tests.hostile import running as r
from tests.hostile.attacks import FOUND, HARMLESS, NAMED, SOURCE, Attack, Options

TARGETED = ("schemathesis", "wapiti", "locust")

TESTED = ("schemathesis", "locust")
LIAR = (
    "the users' code runs where it is measured, and can lie about what it saw: keep it, as the policy, "
    "on a protected branch, beside the file that `--config` names (tested), or let users be made from the OpenAPI description"
)
# Users made from the description.
BY_DESCRIPTION: Options = {"locust": {"paths": []}}

ATTACKS: tuple[Attack, ...] = (
    Attack(
        "interpreter-hooks", "`sitecustomize.py`, `usercustomize.py`, `conftest.py`, `setup.py`, a `.pth` file", SOURCE, a.hooks
    ),
    Attack("namesakes", "packages and modules named like ours, the tools' and the standard library's", SOURCE, a.namesakes),
    Attack(
        "tool-settings", "settings for the tools that skip the rule or the file, under every name they know", SOURCE, a.settings
    ),
    Attack("comments", "`# nosec` and `# nosemgrep` at the defect", SOURCE, a.comments),
    Attack("places-left-out", "the defect in folders that tools pass over by default", SOURCE, a.excludable, holes=6),
    Attack(
        "git-settings",
        "`.git/config` and hooks that name programs: filters, fsmonitor, diff, pager",
        ("bandit",),
        a.git_settings,
    ),
    Attack("git-ignores", "the defect in a file that `.gitignore` and git's index flags hide", SOURCE, a.ignored),
    Attack("link-out", "links to `/etc/passwd` and to `/`", ("bandit",), a.link_out, NAMED, "out.py .*link out of the project"),
    Attack("device", "a link to `/dev/zero`", ("bandit",), a.device, NAMED, "zero.py"),
    Attack("pipe", "a named pipe called `pipe.py`", SOURCE, a.pipe, NAMED, "pipe.py .*not a regular file"),
    Attack("huge-file", "a file of 2 GB", SOURCE, a.huge, NAMED, "huge.py .*larger than"),
    Attack("deep-source", "an expression nested 10,000 deep", ("bandit",), a.deep, NAMED, "deep.py"),
    Attack("long-sum", "a sum of 20,000 terms", ("bandit",), a.long_sum, NAMED, "long.py"),
    Attack("many-files", "20,000 files", ("bandit",), a.many),
    Attack(
        "file-names",
        "names with newlines, escape sequences, markup, leading dashes, bytes that are not UTF-8",
        SOURCE,
        a.names,
        holes=7,
    ),
    Attack("encodings", "UTF-16, NUL bytes, an undeclared encoding", ("bandit",), a.encodings, NAMED, "utf16.py.*|other.py"),
    Attack(
        "declared-encodings",
        "code that is none in ASCII, in an encoding that the file declares (`utf-7`, `raw_unicode_escape`, `shift_jis`)",
        SOURCE,
        a.declared_encodings,
        holes=3,
    ),
    Attack("scripts", "programs without an ending, for Python by their first line", SOURCE, a.scripts, holes=2),
    Attack("blanks", "lines of a million blanks, to make regular expressions back-track", SOURCE, a.blanks),
    Attack("planted-runs", "a `.sdlc` folder with a run that passed", ("bandit",), a.planted_runs),
    Attack(
        "requirements",
        "`--index-url`, `-e .`, `file:` URLs, `-r /etc/passwd`, `setup.py`, `pip.conf`",
        ("pip-audit",),
        a.requirements,
        NAMED,
        "evil|setup",
    ),
    Attack("requirements-loop", "requirements that include each other", ("pip-audit",), a.requirements_loop, HARMLESS),
    Attack("requirements-pipe", "`requirements.txt` is a named pipe", ("pip-audit",), a.requirements_pipe, NAMED, ""),
    Attack("zip-bomb", "an advisory database that unpacks to 3 GB", ("pip-audit",), a.zip_bomb, NAMED, "database", a.DATABASE),
    Attack(
        "zip-climbs",
        "an advisory database with `../` in its names",
        ("pip-audit",),
        a.zip_climbs,
        NAMED,
        "database",
        a.DATABASE,
    ),
    Attack(
        "nested-advisory",
        "an advisory nested 100,000 deep",
        ("pip-audit",),
        a.nested_advisory,
        NAMED,
        "database",
        {"pip-audit": {"advisories": "db"}},
    ),
    *(
        Attack(f"load-{name}", what, ("locust",), plant, NAMED, words, {"locust": r.LOADED}, seconds=seconds)
        for name, what, plant, words, seconds in (
            (
                "exits",
                "a Locust file that ends its process with exit code 0 (`os._exit`)",
                r.users("os._exit(0)"),
                "records-incomplete|worker-lost",
                90.0,
            ),
            (
                "exits-at-once",
                "a Locust file that ends its process while it is read",
                r.users(before="os._exit(0)"),
                "records-incomplete",
                90.0,
            ),
            ("raises-exit", "a Locust file that calls `sys.exit(0)` while it is read", r.users(before="sys.exit(0)"), "", 90.0),
            (
                "kills-its-parent",
                "a Locust file that kills its parent",
                r.users("os.kill(os.getppid(), signal.SIGKILL)"),
                "supervisor",
                90.0,
            ),
            ("forges-records", "a Locust file that writes records of its own", r.users(before=r.FORGES), "", 90.0),
            (
                "other-plan",
                "a Locust file that puts another plan in place of the one judged by",
                r.users(before=r.OTHER_PLAN),
                "another plan",
                90.0,
            ),
            ("pipes", "a Locust file that puts named pipes among its records", r.users(before=r.PIPES), "", 90.0),
            ("spins", "a Locust file that computes for ever", r.users("while True: pass"), "", 12.0),
            (
                "spins-at-once",
                "a Locust file that computes for ever while it is read",
                r.users(before="while True: pass"),
                "deadline",
                12.0,
            ),
        )
    ),
    *(
        Attack(f"load-{name}", what, ("locust",), r.users(before=before), NAMED, "", {"locust": r.LOADED}, mode=mode, open=LIAR)
        for name, what, before, mode in (
            ("stops-the-clock", "a Locust file that stops the clock by which latencies are taken", r.STOPS_THE_CLOCK, "well"),
            ("praises-errors", "a Locust file that makes of every status a success", r.PRAISES_ERRORS, "errors"),
        )
    ),
    Attack(
        "load-lies-when-it-quits",
        "a Locust file that ends the process with exit code 0 when the test is over",
        ("locust",),
        r.users(before=r.QUITS),
        HARMLESS,
        "",
        {"locust": r.LOADED},
    ),
    Attack(
        "load-links",
        "a Locust file that puts a link out of the run among its records",
        ("locust",),
        r.users(before=r.LINKS),
        HARMLESS,
        "",
        {"locust": r.LOADED},
    ),
    Attack(
        "load-litter",
        "a Locust file that leaves folders nested 3,000 deep, and one that is closed",
        ("locust",),
        r.users(before=r.LITTER),
        HARMLESS,
        "",
        {"locust": r.LOADED},
    ),
    *(
        Attack(f"api-{name}", what, TESTED, plant, NAMED, words, BY_DESCRIPTION, openapi="api.yaml", seconds=30.0)
        for name, what, plant, words in (
            ("aliases", "YAML aliases of aliases: a description of 10^12 parts", r.aliases, "unfolds to more than"),
            ("endless-alias", "a YAML alias of what it lies in", r.endless_alias, "unfolds to more than"),
            ("nested", "a description nested 100,000 deep", r.nested, "can't be read"),
            ("million-paths", "a description with a million paths", r.million_paths, "paths; at most|larger than|unfolds"),
            ("pipe", "a description that is a named pipe", r.description_pipe, "not a regular file"),
            ("device", "a description that is a link to `/dev/zero`", r.description_device, "not a regular file"),
        )
    ),
    *(
        Attack(f"api-{name}", what, (gate,), plant, outcome, "", BY_DESCRIPTION, openapi="api.yaml", seconds=90.0)
        for name, what, plant in (
            ("enormous-values", "a parameter of at least 10^11 characters", r.enormous_values),
            ("grows-by-itself", "a schema whose ten properties are the schema again", r.grows_by_itself),
        )
        for gate, outcome in (("schemathesis", HARMLESS), ("locust", NAMED))
    ),
    Attack(
        "api-leads-out",
        "a description that refers to `file:///etc/passwd`",
        ("schemathesis",),
        r.description_leads_out,
        NAMED,
        "outside it",
        openapi="api.yaml",
    ),
    Attack(
        "sarif-outside",
        "SARIF results at `file:///etc/passwd` and `../../`",
        ("sarif",),
        r.report("file:///etc/passwd", "../../etc/passwd"),
        FOUND,
        "",
        r.SARIF,
        holes=1,
    ),
    Attack("sarif-nested", "SARIF nested 100,000 deep", ("sarif",), r.nested_report, NAMED, "", r.SARIF),
    Attack(
        "slow-rule",
        "a rule of the user's with a regular expression that back-tracks for ever",
        ("semgrep",),
        r.slow_rule,
        NAMED,
        "text.py .*passed Semgrep's limit",
        r.SLOW,
    ),
    Attack("rule-pipe", "a rule file that is a named pipe", ("semgrep",), r.rule_pipe, NAMED, "", r.SLOW),
    Attack("rule-bomb", "a rule file with YAML aliases of aliases", ("semgrep",), r.rule_bomb, NAMED, "larger than", r.SLOW),
)
