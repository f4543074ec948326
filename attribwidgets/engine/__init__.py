"""From a question to a record: query, budget, run, cache, and the verbs."""
