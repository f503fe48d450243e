"""Generated street scenes and the small detectors trained on them.

Stand-ins, so that the demo runs anywhere: drawings instead of photographs, and weights that know
such drawings alone. Nothing here is imported by ``agent`` or ``benchmark``.
"""
