"""What settings were before `pyscalp host tune --apply`, kept in a file.

The file is whole at every moment: each setting's old value is on the disk before the
setting is changed, so that even a tuning that was killed can be undone. It holds good
until the machine restarts, as the kernel forgets the settings themselves then.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyscalp.errors import PyscalpError, os_reason
from pyscalp.host.change import Change, change_of
from pyscalp.host.machine import Machine

_VERSION = 1


@dataclass(frozen=True)
class Remembered:
    """A setting as it was."""

    change: Change
    """The setting, with the value that it was given."""
    old: str


def default_path() -> Path:
    """``pyscalp/host_tune.json`` in the user's state directory."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "pyscalp" / "host_tune.json"


@contextlib.contextmanager
def tuning(path: Path, machine: Machine) -> Iterator[TuneState]:
    """The state in that file, held alone.

    Raises
    ------
    PyscalpError
        If it cannot be read or written, is damaged, or another tuning is at work.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise PyscalpError(
            f"cannot keep {path}: {os_reason(error)}; name another with --state"
        ) from None
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PyscalpError(f"another pyscalp host tune is at work on {path}") from None
        yield TuneState(path, machine)
    finally:
        os.close(folder)


class TuneState:
    """The settings to put back, in the order they were changed."""

    def __init__(self, path: Path, machine: Machine) -> None:
        self.path = path
        self._boot = machine.text("proc/sys/kernel/random/boot_id") or ""
        self._remembered: dict[str, Remembered] = {}
        self.restarted = False
        """True if the file was of an earlier start of the machine, and so is void."""
        self._load()

    def __len__(self) -> int:
        return len(self._remembered)

    def newest_first(self) -> list[Remembered]:
        """What to put back, in that order."""
        return list(reversed(self._remembered.values()))

    def remember(self, change: Change, old: str) -> None:
        """Before a change: on the disk when this returns. The oldest value is kept."""
        if change.key in self._remembered:
            old = self._remembered[change.key].old
        self._remembered[change.key] = Remembered(change, old)
        self._save()

    def forget(self, key: str) -> None:
        """After it was put back, or was never changed."""
        self._remembered.pop(key, None)
        self._save()

    def _load(self) -> None:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if content["version"] != _VERSION:
                raise ValueError(f"version {content['version']}")
            self.restarted = bool(self._boot) and content["boot_id"] != self._boot
            if self.restarted:
                return
            for entry in content["settings"]:
                change = change_of(entry["key"], str(entry["new"]))
                self._remembered[change.key] = Remembered(change, str(entry["old"]))
        except FileNotFoundError:
            return
        except OSError as error:
            raise PyscalpError(f"cannot read {self.path}: {os_reason(error)}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise PyscalpError(
                f"{self.path} is damaged or not of pyscalp host tune ({error}); "
                "put the settings back by hand, then delete it"
            ) from None

    def _save(self) -> None:
        """Whole or not at all, and on the disk."""
        partial = self.path.with_name(f".{self.path.name}.part")
        try:
            if not self._remembered:
                self.path.unlink(missing_ok=True)
                return
            with partial.open("w", encoding="utf-8") as file:
                json.dump(self._content(), file, indent=1)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise PyscalpError(
                f"cannot write {self.path}: {os_reason(error)}; nothing is changed that could "
                "not be undone"
            ) from None

    def _content(self) -> dict[str, object]:
        return {
            "version": _VERSION,
            "boot_id": self._boot,
            "settings": [
                {"key": key, "old": entry.old, "new": entry.change.value}
                for key, entry in self._remembered.items()
            ],
        }
