"""The parts of the load gate that run nothing: planning, records, statistics, judging."""
