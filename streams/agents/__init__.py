"""The agents: each event is decoded, handed to the core in one call, and what follows is sent.

`base` is what all agents do, `topics` which agent reads which topic.
"""

from __future__ import annotations

from streams.agents.base import Agent, TopicRules
from streams.agents.topics import AgentSpec, agent_specs, input_rules

__all__ = ["Agent", "AgentSpec", "TopicRules", "agent_specs", "input_rules"]
