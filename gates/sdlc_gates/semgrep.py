"""Static analysis with Semgrep: rules of the house, and those that users add."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from sdlc.errors import NothingToScan
from sdlc.gate import Gate, SourceGate, Tool, Workspace, own_tool
from sdlc.inventory import Inventory
from sdlc.model import Answer, Coverage, Family, Frozen, Missing, Rule
from sdlc.source import asking, markers, quoted
from sdlc_gates._semgrep import backtracking, languages, remote, rules
from sdlc_gates._semgrep.report import Outcome, shown
from sdlc_gates._semgrep.rules import HOUSE, RuleSet
from sdlc_gates._semgrep.scan import scanned
from sdlc_gates._semgrep.targets import Target, is_text_by_name, marked, prepared

VERSION = "==1.182.0"
GENERIC = frozenset({"generic", "aliengrep"})
# Neither may try a long run of blanks again from each of its characters: the lines are a stranger's.
# What Semgrep obeys: the word after a space, or on a line of its own above. Bounded, for the line may be a hostile one.
NOSEM = re.compile(r"(?:[^\w\s]{1,4}\s{0,8})? nosem(?:grep)?\b.*", re.IGNORECASE)
NOSEM_ALONE = re.compile(r"[^a-z0-9]{0,200} nosem(?:grep)?\b.*", re.IGNORECASE)


class SemgrepOptions(Frozen, frozen=True):
    """Semgrep's keys in `[gates.semgrep]`."""

    config: tuple[str, ...] = ()
    """More rules: files or folders beside the configuration, registry packs (`p/python`), https addresses."""
    house_rules: bool = True
    """Whether the rules that come with this project are used."""
    exclude_rules: tuple[str, ...] = ()
    """Full ids of rules that are not used."""
    jobs: int = 0
    """In how many processes the files are read; 0 for as many as the run has cores."""
    canary: str = ""
    """A folder beside the configuration with a defect that a rule from `config` must find; needed without `house_rules`."""


class Semgrep(SourceGate):
    """Finds injections, secrets, weak cryptography and unsafe settings."""

    kind = "semgrep"
    summary = "injections, secrets, weak cryptography; rules of your own"
    family = Family.SAST
    covers = frozenset({"files", "rules"})
    deadline = 1200
    Options = SemgrepOptions
    options: SemgrepOptions
    canary = Path(__file__).parent / "canaries" / "semgrep"
    canary_rules = frozenset({"python-sql-injection", "python-command-injection"})

    def probe(self) -> Tool:
        return own_tool("semgrep", "semgrep", VERSION)

    @classmethod
    def rules(cls) -> tuple[Rule, ...]:
        house = rules.load(house=True, sources=(), exclude=(), root=HOUSE)
        return tuple(rules.described(rule.content) for rule in house.rules)

    def wants(self, path: str) -> bool:
        return is_text_by_name(path)

    def proof_rests_on(self) -> tuple[Path, ...] | None:
        if self.options.canary or not self.options.house_rules:
            return None
        return (Path(__file__), Path(rules.__file__).parent, HOUSE, self.canary)

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        if not self.options.house_rules and not self.options.canary:
            raise NothingToScan(
                "without rules of the house nothing shows that it can fail",
                fix=f'name a folder with a defect that your rules find: canary = "…" in [gates.{self.id}]',
            )
        here = [source if remote.is_remote(source) else str(work.judging / source) for source in self.options.config]
        planted = msgspec.structs.replace(self.options, config=tuple(here))
        place = work.judging / self.options.canary if self.options.canary else self.canary
        yield Semgrep(self.id, planted), work.narrowed(place, "canary")

    def caught(self, answer: Answer) -> bool:
        return bool(answer.findings) if self.options.canary else super().caught(answer)

    def vet(self, judging: Path) -> None:
        sources = self.options.config
        # What is on the network is asked for once, in the run.
        if (sources or self.options.exclude_rules) and not any(map(remote.is_remote, sources)):
            rules.load(house=self.options.house_rules, sources=sources, exclude=self.options.exclude_rules, root=judging)

    def check(self, work: Workspace) -> Answer:
        tool = self.probe()
        options = self.options
        loaded = rules.load(house=options.house_rules, sources=options.config, exclude=options.exclude_rules, root=work.judging)
        targets, unread = prepared(self.sources(work), languages.known(), loaded.languages, work.scratch)
        files = _business(work.files.select(self.wants), targets, unread, loaded)
        outcome = scanned(work, tool, loaded, targets, options.jobs or work.jobs) if targets else Outcome()
        findings = quoted(outcome.findings, files, NOSEM, NOSEM_ALONE)
        return Answer(
            findings=findings,
            coverage=(_files_covered(files, outcome, unread), _rules_covered(loaded, outcome)),
            notes=tuple(_notes(targets, loaded, outcome)),
            suppressions=(*markers(marked(files, targets), NOSEM), *asking(work.files, ".semgrepignore")),
        )


def _business(files: Inventory, targets: Sequence[Target], unread: Sequence[Missing], loaded: RuleSet) -> Inventory:
    """The files that a rule is for: known by their content where they could be read, by their names where not."""
    spoken = languages.known()
    mine = {target.path for target in targets} | {missing.item for missing in unread}
    found = files.select(lambda path: path in mine if path in files.known else bool(spoken.of(path) & loaded.languages))
    if not found.files and not found.refused:
        raise NothingToScan(f"none of {len(files.files)} files is in a language that a rule is for")
    return found


def _files_covered(files: Inventory, outcome: Outcome, unread: Sequence[Missing]) -> Coverage:
    reasons = dict(outcome.faults)
    for path, late in outcome.overrun.items():
        reasons[path] = (*reasons.get(path, ()), *late)
    faults = tuple(Missing(item=path, reason=shown(texts)) for path, texts in sorted(reasons.items()))
    return files.coverage(set(outcome.read), (*faults, *unread))


def _rules_covered(loaded: RuleSet, outcome: Outcome) -> Coverage:
    lost = tuple(Missing(item=id, reason=shown(texts)) for id, texts in sorted(outcome.lost_rules.items()))
    expected = len(loaded.rules)
    return Coverage(what="rules", measured=expected - len(lost), expected=expected, missing=lost, excluded=loaded.excluded)


def _notes(targets: Sequence[Target], loaded: RuleSet, outcome: Outcome) -> Iterator[str]:
    if copies := [target.path for target in targets if target.copied]:
        yield f"Semgrep was given copies, in UTF-8 or called .py, of what it would not have read as it is: {shown(copies)}"
    if outcome.again:
        again = shown(sorted(outcome.again))
        yield f"looked at again, alone, since Semgrep's clock had stopped its data-flow analysis: {again}"
    if generic := [rule.id for rule in loaded.rules if rule.languages & GENERIC]:
        yield (
            f"Semgrep does not apply `generic` rules to text that it takes for minified or binary, and does not say to which; "
            f"it has {shown(generic)}"
        )
    if silent := backtracking.unwatched(loaded):
        yield (
            f"Semgrep does not say when a regular expression inside a string of a pattern (`=~/…/`) passes its limit and finds "
            f"nothing; several repetitions without a bound are in {shown(silent)}"
        )
