"""The systemd unit."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from attrs import evolve

from mailgate.cli.init.unit import DEFAULT, Unit, unit_text

ROOT = Path(__file__).parents[3]
MAX_EXPOSURE = 20  # tenths, as `systemd-analyze security` counts: 0 is none, 100 everything
RUNNABLE = evolve(DEFAULT, command=("/bin/true", *DEFAULT.command[1:]), reload=("/bin/true", *DEFAULT.reload[1:]))
OWN = evolve(RUNNABLE, state="/srv/my mail/50%", low_ports=False)
OF_A_USER = evolve(OWN, is_system=False)

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")


def analyze(tmp_path: Path, unit: Unit, *arguments: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "mailgate.service"
    file.write_text(unit_text(unit))
    return subprocess.run(
        ["systemd-analyze", *arguments, str(file)], capture_output=True, text=True, timeout=60, check=False
    )


def settings(unit: Unit) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", unit_text(unit), re.MULTILINE))


def test_the_one_in_etc_is_this_one() -> None:
    assert (ROOT / "etc" / "systemd" / "mailgate.service").read_text() == unit_text(DEFAULT)


def test_low_ports_are_all_that_it_may() -> None:
    default = settings(DEFAULT)
    assert default["CapabilityBoundingSet"] == default["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"
    assert (default["StateDirectory"], default["User"], default["Type"]) == ("mailgate", "mailgate", "notify")
    own = settings(OWN)
    assert own["CapabilityBoundingSet"] == own["AmbientCapabilities"] == ""
    assert own["ReadWritePaths"] == '"/srv/my mail/50%%"' and "StateDirectory" not in own


def test_words_as_systemd_reads_them() -> None:
    unit = evolve(DEFAULT, command=("/opt/a b/twistd", "$HOME", "100%", "plain"))
    assert settings(unit)["ExecStart"] == '"/opt/a b/twistd" $$HOME 100%% plain'


@pytest.mark.parametrize(
    ("unit", "protected"),
    [
        (DEFAULT, "yes"),
        (evolve(DEFAULT, state="/home/alice/mail"), "read-only"),
        (evolve(DEFAULT, command=("/root/venv/bin/twistd",)), "read-only"),
        (evolve(DEFAULT, needs=("/home/alice/.pyenv",)), "read-only"),
        (evolve(DEFAULT, needs=("/homes/alice",)), "yes"),
    ],
)
def test_homes_are_hidden_unless_it_lives_there(unit: Unit, protected: str) -> None:
    assert settings(unit)["ProtectHome"] == protected


@pytest.mark.parametrize(
    ("unit", "private"),
    [
        (DEFAULT, "yes"),
        (evolve(DEFAULT, state="/tmp/mail"), "no"),
        (evolve(DEFAULT, command=("/var/tmp/venv/bin/twistd",)), "no"),
        (evolve(DEFAULT, needs=("/tmpfs/python",)), "yes"),
    ],
)
def test_temporary_files_are_its_own_unless_it_lives_among_them(unit: Unit, private: str) -> None:
    assert settings(unit)["PrivateTmp"] == private


def test_a_reload_has_an_outcome() -> None:
    unit = evolve(DEFAULT, reload=("/opt/a b/mailgate", "reload"))
    assert settings(unit)["ExecReload"] == '"/opt/a b/mailgate" reload'


def test_each_manager_is_named_for_changes() -> None:
    assert "changes: systemctl edit mailgate\n" in unit_text(DEFAULT)
    assert "changes: systemctl --user edit mailgate\n" in unit_text(OF_A_USER)
    assert "network-online" in unit_text(DEFAULT) and "network-online" not in unit_text(OF_A_USER)


def test_a_user_s_own_manager_is_asked_for_nothing_that_takes_a_privilege() -> None:
    text = unit_text(OF_A_USER)
    for word in ("User=", "Capabilit", "Protect", "Private", "Directory"):
        assert word not in text
    assert "NoNewPrivileges=yes" in text and "WantedBy=default.target" in text


@needs_systemd
@pytest.mark.parametrize("unit", [RUNNABLE, OWN])
def test_systemd_understands_it(unit: Unit, tmp_path: Path) -> None:
    done = analyze(tmp_path, unit, "verify", "--man=no")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_understands_it_in_a_user_s_own_manager(tmp_path: Path) -> None:
    done = analyze(tmp_path, OF_A_USER, "verify", "--man=no", "--user")
    if "Failed to" in done.stderr and "mailgate.service" not in done.stderr:
        pytest.skip("this user has no manager")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_the_sandbox_is_small(tmp_path: Path) -> None:
    done = analyze(tmp_path, RUNNABLE, "security", "--offline=true", f"--threshold={MAX_EXPOSURE}", "--no-pager")
    if "Unknown option" in done.stderr or "unrecognized option" in done.stderr:
        pytest.skip("this systemd cannot judge a file")
    assert done.returncode == 0, done.stdout
    assert "exposure level" in done.stdout
