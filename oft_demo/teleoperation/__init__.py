"""A person drives both arms: what is asked, how the arms follow, and one take in one simulation."""
