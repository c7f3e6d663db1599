"""How a rollout's phases reach the hosts: they are driven by the coordinator (`Driven`), or follow
the store (`Following`).

`gather` settles who takes part, and gives the elected one. `run` ends when every host is through
with a phase, by what the coordinator wrote for it, and gives the outcomes that are not well. In
`prepare` the candidate comes to stand ready beside what serves, by `commit` it serves, by `abort`
it stops; `back` has what served before serve again."""
