"""Takes that cannot be lost: written as they happen, recovered after a crash, accepted as episodes."""
