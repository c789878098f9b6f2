"""What is remembered: episodes as ALOHA HDF5 files, and directories of them."""
