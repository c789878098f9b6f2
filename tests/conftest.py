"""Puts this folder on the import path, so that tests of every folder can inherit the contracts in contracts.py."""
