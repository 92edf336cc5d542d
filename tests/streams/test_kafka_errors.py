"""What Kafka's clients raise is one sentence: no requests, no answers, and what to look at."""

from __future__ import annotations

import aiokafka.errors
import kafka.errors
import pytest

from streams.kafka_errors import is_from_kafka, sentence

PRINTED = (
    "CreateTopicsRequest_v4(create_topic_requests=[(topic='r3.articles', num_partitions=1)]) "
    "failed with response CreateTopicsResponse_v4(topic_errors=[(topic='r3.articles', "
    "error_code=38, error_message='Replication factor: 3 larger than available brokers: 1.')])"
)
CASES = {
    "replication": (kafka.errors.InvalidReplicationFactorError(PRINTED), "kafka.replication must"),
    "authentication": (
        kafka.errors.SaslAuthenticationFailedError("Authentication failed for user u"),
        "security.mechanism (PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512)",
    ),
    "authorization": (
        kafka.errors.TopicAuthorizationFailedError("cherryrec.clicks"),
        "needs the right to",
    ),
    "away": (aiokafka.errors.KafkaConnectionError("Unable to bootstrap"), "is it running"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_of_a_client_is_one_sentence_with_what_to_look_at(name: str) -> None:
    error, wanted = CASES[name]

    said = sentence(error)

    assert is_from_kafka(error)
    assert wanted in said
    assert said.startswith(type(error).__name__)
    assert said.count(type(error).__name__) == 1
    assert "\n" not in said
    assert "Request" not in said
    assert len(said) < 500


def test_the_broker_s_own_words_are_kept() -> None:
    said = sentence(CASES["replication"][0])

    assert "Replication factor: 3 larger than available brokers: 1." in said


def test_an_error_of_ours_is_not_taken_for_one_of_kafka() -> None:
    assert not is_from_kafka(ValueError("no"))
