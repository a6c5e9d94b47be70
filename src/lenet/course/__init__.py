"""The course's exercises: what is asked, how answers are marked, and what is solved."""

from lenet.course.marking import Listing, Mark, Status, check

__all__ = ["Listing", "Mark", "Status", "check"]
