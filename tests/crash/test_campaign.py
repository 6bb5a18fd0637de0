"""That the campaign itself works; many kills are for `make crash`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from tests.crash import table
from tests.crash.campaign import Campaign, Size
from tests.crash.power import Findings


def test_a_small_campaign_has_an_account_without_faults(tmp_path: Path) -> None:
    killed: list[int] = []
    report = Campaign(tmp_path, Size(kills=1, acknowledgements=60, seed=1), killed.append).run()
    assert report.faults == []
    assert report.acknowledged >= 60
    assert killed == [1]
    assert len(report.starts) == 2 and report.early_kills == 1
    assert report.committers_killed == 1
    assert report.messages >= report.acknowledged and report.copies > 60
    with Console(record=True, file=(tmp_path / "shown").open("w")) as console:
        table.show_kills(console, report)
        table.show_power(console, [("syncfs", Findings(10, 20))], 1)
        table.show_faults(console, [])
        table.show_faults(console, ["[a] fault"] * (table.MOST_FAULTS + 1))
    shown = console.export_text()
    assert f"{report.acknowledged:,}" in shown
    assert "10, 20" in shown
    assert shown.count("WRONG [a] fault") == table.MOST_FAULTS
    assert "and 1 more" in shown
