"""Measurements that take longer than ``lenet bench``, of speed and of reading; each prints what the docs report."""
