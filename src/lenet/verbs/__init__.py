"""The verbs: what the shell, HTTP and the page call, once and in Python; names or objects in, objects out.

A verb that needs one room only lives there (`lenet.reading` has `read`); here are those that put rooms together.
"""
