"""The ``arena`` commands, one file each. Only here are the parts wired together."""
