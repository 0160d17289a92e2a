"""`memory://name`: a transport and a result backend inside one process. For tests, and to read: these are the reference
drivers, small enough to learn the contracts from.
"""
