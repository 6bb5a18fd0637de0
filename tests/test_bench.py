"""The bench accounts for every message, and draws the right conclusions from figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from attrs import evolve

from bench.command import read, write
from bench.findings import Finding, Measure, Report, Target
from bench.messages import content, kept, number_of, sent
from bench.page import page
from bench.plot import plot
from bench.smtp.cases import cases
from bench.smtp.maildrops import DOMAIN, Lost, Site, arrive, check

ROOT = Path(__file__).parents[1]
OCTETS = 1_000
BOTH = {"alice": {1: OCTETS, 2: OCTETS}}
RATE = Measure("rate", "Rate", "messages/s")
TIME = Measure("time", "Time", "ms", 1, less_is_better=True)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site whose user Alice has two messages, with the line ends of either kind, one with a field in front."""
    folder = tmp_path / DOMAIN / "alice" / "new"
    folder.mkdir(parents=True)
    (folder / "one").write_bytes(b"Received: from here\n" + kept(1, OCTETS))
    (folder / "two").write_bytes(content(2, OCTETS))
    return Site(tmp_path, ("alice",), tmp_path, tmp_path)


@pytest.mark.parametrize("octets", sorted({case.octets for case in cases()}))
def test_a_message_has_its_size_and_says_its_number(octets: int) -> None:
    message = content(12_345_678, octets)
    assert len(message) == octets and number_of(message) == 12_345_678
    assert message.replace(b"\r\n", b"\n") == kept(12_345_678, octets)
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert sent(12_345_678, octets) == message.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    assert b"\r\n.." in sent(0, octets)


def test_what_is_whole_is_found(site: Site) -> None:
    check(site, BOTH)
    assert arrive(site, BOTH, ended=7.0) == 7.0


def test_what_is_missing_is_found(site: Site) -> None:
    with pytest.raises(Lost, match=r"alice: missing \[3\]"):
        check(site, {"alice": {**BOTH["alice"], 3: OCTETS}})


@pytest.mark.parametrize("unwanted", [{1: OCTETS}, {1: OCTETS, 2: OCTETS + 1}])
def test_what_was_not_sent_is_found(site: Site, unwanted: dict[int, int]) -> None:
    with pytest.raises(Lost, match="is not what was sent"):
        check(site, {"alice": unwanted})


def test_what_is_there_twice_is_found(site: Site) -> None:
    Path(site.folder("alice"), "again").write_bytes(content(2, OCTETS))
    with pytest.raises(Lost, match="too much"):
        check(site, BOTH)


@pytest.mark.parametrize(
    "broken",
    [b"", content(2, OCTETS)[:-1], content(2, OCTETS).replace(b"Jack", b"Jill", 1), content(2, OCTETS) + b"\n"],
)
def test_what_is_not_intact_is_found(site: Site, broken: bytes) -> None:
    Path(site.folder("alice"), "two").write_bytes(broken)
    with pytest.raises(Lost, match="is not what was sent"):
        check(site, BOTH)


def test_what_never_comes_ends_the_wait(site: Site) -> None:
    with pytest.raises(Lost, match="1 of 3 messages"):
        arrive(site, {"alice": {**BOTH["alice"], 3: OCTETS}}, ended=float("-inf"))


def _finding(*targets: Target) -> Finding:
    runs = {
        "ours": [{"rate": 100.0, "time": 9.0}, {"rate": 400.0, "time": 10.0}, {"rate": 300.0, "time": 20.0}],
        "slow": [{"rate": 100.0, "time": 20.0}],
        "fast": [{"rate": 200.0, "time": 5.0}],
    }
    return Finding("case", "A <case>", (RATE, TIME), targets, runs)


@pytest.mark.parametrize(
    "target, reached, met",
    [
        (Target("rate", 3, ("slow",)), 3, "met"),
        (Target("rate", 1.7, ("slow", "fast")), 1.5, "nearly"),
        (Target("rate", 2, ("fast",)), 1.5, "not met"),
        (Target("rate", 2, ("gone",)), None, "nobody to compare with"),
        (Target("time", 2, ("slow",)), 2, "met"),
        (Target("time", 10), 10, "met"),
        (Target("time", 9), 10, "nearly"),
        (Target("time", 8), 10, "not met"),
        (Target("rate", 301), 300, "nearly"),
    ],
)
def test_targets(target: Target, reached: float | None, met: str) -> None:
    finding = _finding(target)
    assert finding.reached("ours", target) == reached
    assert finding.met("ours", target) == met


def _report() -> Report:
    findings = (_finding(Target("rate", 3, ("slow",)), Target("time", 8)),)
    return Report("smtp", "SMTP", "ours", ("ours", "slow", "fast", "gone"), {"gone": "skipped"}, ("So.",), findings)


def test_the_page_has_medians_ranges_ratios_and_targets() -> None:
    text = page([_report()], {"date": "today"})
    assert "- date: today\n" in text and "- gone: skipped\n" in text
    assert "| A <case> | messages/s | 300 (100 to 400) | 100 | 200 | - | 3.00x | 1.50x | - |" in text
    assert "| A <case> | Rate | 3.00x slow | 3.00x | met |" in text
    assert "| A <case> | Time | at most 8 ms | 10.0 | not met |" in text


def test_the_plot_has_a_bar_for_everyone_who_was_measured() -> None:
    drawn = ElementTree.fromstring(plot(_report()))
    bars = [each for each in drawn.iter("{http://www.w3.org/2000/svg}rect") if each.get("height") == "13"]
    assert len(bars) == 3
    widths = [float(bar.get("width", "")) for bar in bars]
    assert widths[1] == pytest.approx(widths[0] / 3, abs=0.1) and widths[2] == pytest.approx(widths[0] / 1.5, abs=0.1)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    report = _report()
    write(tmp_path, [report], {"date": "today"})
    assert json.loads((tmp_path / "results.json").read_text())["about"] == {"date": "today"}
    (again,), about = read(tmp_path / "results.json")
    assert page([again], about) == (tmp_path / "results.md").read_text()
    assert page([evolve(again, title="other")], about) != page([report], about)
    assert plot(again) == (tmp_path / "smtp.svg").read_text()


@pytest.mark.parametrize("case", ["smtp-10k", "smtp-tls", "poll-10"])
def test_it_runs_without_peers(tmp_path: Path, case: str) -> None:
    words = ["--quick", "--alone", "--rounds", "1", "--only", case, "--directory", str(tmp_path), "--output"]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words, str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (report,), _ = read(tmp_path / "out" / "results.json")
    (finding,) = report.findings
    assert finding.key == case
    (run,) = finding.runs["mailgate"]
    assert all(run[measure.key] > 0 for measure in finding.measures if not measure.key.startswith(("resident", "pss")))
    assert "skipped: not asked for" in (tmp_path / "out" / "results.md").read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["out"]
