"""A built wheel, in an environment that has only it and what it needs, makes `twistd mailgate` work. No network."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", directory, ROOT, cwd=directory)
    (built,) = directory.glob("mailgate-*.whl")
    return built


def test_the_wheel_has_the_plugin_and_no_plugin_cache(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "twisted/plugins/mailgate_plugin.py" in names and "mailgate/py.typed" in names
    assert not [
        name
        for name in names
        if "dropin.cache" in name or name in ("twisted/__init__.py", "twisted/plugins/__init__.py")
    ]


def test_it_works_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    venv.create(clean, with_pip=False, symlinks=True)
    python = clean / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(clean), "platbase": str(clean)}))
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=tmp_path)
    # What it needs comes from the environment of the tests, where a .pth file (our editable install) is not followed.
    (site / "needs.pth").write_text(sysconfig.get_path("purelib") + "\n")
    assert run(python, "-c", "import mailgate; print(mailgate.__file__)", cwd=tmp_path).startswith(str(site))
    twistd = (python, "-c", "from twisted.scripts.twistd import run; run()")
    assert "--dev" in run(*twistd, "mailgate", "--help", cwd=tmp_path)
    assert run(clean / "bin" / "mailgate", "--version", cwd=tmp_path).startswith("mailgate")
