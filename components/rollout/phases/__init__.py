"""How a rollout's phases reach the hosts: driven by the coordinator, or following the store.

`gather` settles who takes part, and gives the elected one. `run` ends when every host is through
with a phase, and gives the outcomes that are not well. In `prepare` the candidate comes to stand
ready beside what serves, by `commit` it serves, by `abort` it stops; `back` has what served before
serve again."""
