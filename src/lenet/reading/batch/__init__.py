"""Folders of pictures: reading many by several processes, and measuring on labeled ones."""
