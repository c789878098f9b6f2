"""Episode files: the layout of ALOHA HDF5, read with suspicion and written whole."""
