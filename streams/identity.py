"""Whose the local tables are: written into their folder, and compared before one is opened.

A folder of another cluster or prefix holds other people's readers at offsets that look like ours.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cherryrec.errors import ConfigError, ServiceError
from cherryrec.supervised import Cluster
from cherryrec.topics import CHANGELOGS
from streams.config import KafkaConfig

__all__ = ["Identity", "identity_of", "take_folder"]

logger = logging.getLogger(__name__)

FILE = "identity.json"
_TABLES = Path("v1") / "tables"
"""Where Faust puts the tables in its data folder."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a copy of the tables is a copy of.

    Parameters
    ----------
    cluster_id
        Kafka's id of the cluster.
    prefix
        Of the topics and the group.
    partitions
        Count of the user topics.
    changelogs
        Table → Kafka's id of its changelog topic.
    """

    cluster_id: str
    prefix: str
    partitions: int
    changelogs: Mapping[str, str]


def identity_of(kafka: KafkaConfig, cluster: Cluster) -> Identity:
    """Return what the tables of a worker are a copy of.

    Examples
    --------
    >>> ids = {f"news.{name}": f"id of {name}" for name in CHANGELOGS}
    >>> identity_of(KafkaConfig(prefix="news."), Cluster("c", ids)).changelogs["profiles"]
    'id of stream-profiles-changelog'
    """
    changelogs = {
        name.removeprefix("stream-").removesuffix("-changelog"): cluster.topic_ids[
            kafka.prefix + name
        ]
        for name in CHANGELOGS
    }
    return Identity(cluster.cluster_id, kafka.prefix, kafka.partitions, changelogs)


def take_folder(folder: Path, ours: Identity) -> None:
    """Make sure that the tables in a folder are ours, and write down that they are.

    Tables of a changelog that was made anew, and tables of which nobody wrote whose they are, are
    deleted: they are read from the changelog again.

    Raises
    ------
    ConfigError
        The folder is another cluster's, prefix's or partition count's.
    ServiceError
        It cannot be read or written.
    """
    try:
        theirs = _read(folder)
        if theirs is None:
            if (folder / _TABLES).exists():
                logger.warning(
                    "the tables in %s do not say whose they are (%s is missing or damaged): "
                    "deleted, they are rebuilt from the changelogs",
                    folder,
                    FILE,
                )
                shutil.rmtree(folder / _TABLES)
        else:
            _refuse_foreign(folder, theirs, ours)
            _forget_old_tables(folder, theirs, ours)
        if theirs != ours:
            _write(folder, ours)
    except OSError as error:
        msg = f"data_dir {str(folder)!r} must be a writable folder: {error}"
        raise ServiceError(msg) from error


def _refuse_foreign(folder: Path, theirs: Identity, ours: Identity) -> None:
    for what, wanted, got in (
        ("cluster", ours.cluster_id, theirs.cluster_id),
        ("prefix", ours.prefix, theirs.prefix),
        ("partition count", ours.partitions, theirs.partitions),
    ):
        if wanted != got:
            msg = (
                f"the tables in data_dir {str(folder)!r} must be of {what} {wanted!r}, they are of "
                f"{got!r}: give this worker a stream.data_dir of its own, or delete the folder; "
                "tables are rebuilt from the changelogs"
            )
            raise ConfigError(msg)


def _forget_old_tables(folder: Path, theirs: Identity, ours: Identity) -> None:
    for table, topic_id in ours.changelogs.items():
        if theirs.changelogs.get(table) == topic_id:
            continue
        for path in sorted((folder / _TABLES).glob(f"{table}-*.db")):
            shutil.rmtree(path)
        logger.warning(
            "the changelog of table %r was made anew (topic id %s, the copy in %s is of %s): the "
            "copy is deleted, it is rebuilt from the changelog, which holds what was written since",
            table,
            topic_id,
            folder,
            theirs.changelogs.get(table),
        )


def _read(folder: Path) -> Identity | None:
    """Return what is written in a folder; None when nothing is that can be read."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Identity(
            str(found["cluster_id"]),
            str(found["prefix"]),
            int(found["partitions"]),
            {str(table): str(topic_id) for table, topic_id in found["changelogs"].items()},
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(folder: Path, ours: Identity) -> None:
    """Replace the file, whole or not at all."""
    new = folder / f"{FILE}.new"
    with new.open("w", encoding="utf-8") as file:
        json.dump(asdict(ours), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / FILE)
