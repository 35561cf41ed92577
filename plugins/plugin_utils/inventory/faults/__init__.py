"""Every check of an inventory. A fault is one sentence: where, what, and what to type instead."""
