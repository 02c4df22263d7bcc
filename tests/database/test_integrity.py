from pathlib import Path

import pytest

from frontdesk.database import integrity


@pytest.mark.parametrize(("kind", "told"), [("nfs4", "nfs4"), ("ext4", None), ("fuse.sshfs", "fuse.sshfs")])
def test_a_network_disk_is_known_by_the_mount_that_holds_the_file(tmp_path: Path, kind: str, told: str | None) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} {kind} rw 0 0\n")
    assert integrity.network_disk(tmp_path / "a.db", mounts) == told
    assert integrity.network_disk(Path("/elsewhere/a.db"), mounts) is None


def test_a_database_that_takes_too_long_is_left(folder: Path) -> None:
    integrity.STEPS = 1
    try:
        with pytest.raises(integrity.OverrunError):
            integrity.faults(folder / "example.db", -1.0)
    finally:
        integrity.STEPS = 10_000
    assert integrity.faults(folder / "example.db", 5.0) == []
