"""The HTTP gateway: a site asks one URL, an editor opens one page; all it knows is in Kafka.

A process of its own beside the workers, over the same topics. Several of them share the load; none
keeps anything that another could not read from the topics.
"""
