"""Drawing how pictures were read: steps, boxes and answers, sheets of misses."""
