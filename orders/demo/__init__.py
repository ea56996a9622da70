"""Sample data for two invented shops: as large as asked for, the same for the same seed, and all of it made up.

Every order goes through `orders.loading.load`, so the demo is also the load test of the way in.
"""
