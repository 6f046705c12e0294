"""Pairs and atoms that LAMMPS leaves out."""

from __future__ import annotations

from tests.pair_style.commands.registry import refused, right
from tests.pair_style.commands.session import MODEL, PAIR, Session

BACKENDS = ("kernels", "torchscript")
PARTLY = "leaves out some pairs of the student's atoms"


def with_backend(backend: str) -> str:
    return PAIR.replace("pair_style ipip", f"pair_style ipip backend {backend}")


@right("`neigh_modify exclude group G all`", "atoms of G are not in the system")
def exclude_whole_atoms(deck: Session) -> None:
    for backend in BACKENDS:
        deck.start(pair=with_backend(backend))
        deck.run("run 0")
        deck.is_true(forces=True)
        deck.run("group gone id 1 7 8 15\nneigh_modify exclude group gone all\nrun 0")
        deck.is_true(forces=True, without=[1, 7, 8, 15])
        deck.run("compute e all pe/atom\ncompute sum all reduce sum c_e\nrun 0")
        deck.run("thermo_style custom step pe evdwl c_sum\nrun 0")
        energy, _ = deck.truth(without=[1, 7, 8, 15])
        assert abs(deck.scalar("compute", "sum") - energy) < 1e-8
        deck.run("fix 1 all nve\nrun 20")
        deck.is_true(without=[1, 7, 8, 15])
        deck.run("neigh_modify exclude none\nrun 0")
        deck.is_true(forces=True)


@right(
    "`neigh_modify exclude` of atoms without neighbours", "their whole energy is removed with them"
)
def exclude_lone_atoms(deck: Session) -> None:
    deck.start(data="lone.data")
    deck.run("run 0")
    whole = deck.pair_energy()
    deck.run("group one id 1\nneigh_modify exclude group one all\nrun 0")
    assert abs(deck.pair_energy() - whole * 7 / 8) < 1e-9


@right("`neigh_modify exclude type T U` for every U", "atoms of type T are not in the system")
def exclude_whole_type(deck: Session) -> None:
    for backend in BACKENDS:
        deck.start(pair=with_backend(backend))
        gone = [int(t) for t in deck.state().tags[deck.state().types == 2]]
        deck.run("".join(f"neigh_modify exclude type 2 {t}\n" for t in (1, 2, 3)) + "run 0")
        deck.is_true(forces=True, without=gone)


@right("`neigh_modify exclude group A A`, all of the student's atoms in A", "the student is off")
def exclude_everything(deck: Session) -> None:
    deck.start()
    deck.run("neigh_modify exclude group all all\nrun 0")
    assert deck.pair_energy() == 0.0
    assert not deck.state().forces.any()


@refused("`neigh_modify exclude group A B`, `type T U`, `molecule/intra`, `molecule/inter`", PARTLY)
def exclude_some_pairs(deck: Session) -> None:
    for backend in BACKENDS:
        for command in (
            "exclude group frozen frozen",
            "exclude group frozen rest",
            "exclude type 1 2",
            "exclude type 3 3",
        ):
            deck.start(pair=with_backend(backend))
            deck.run(f"group frozen id 1:9\ngroup rest subtract all frozen\nneigh_modify {command}")
            deck.refuses("run 0", f"`neigh_modify {command}` {PARTLY}")
    deck.start(style="full", data="molecules.data")
    deck.run("neigh_modify exclude molecule/intra all")
    deck.refuses("run 0", f"`neigh_modify exclude molecule/intra all` {PARTLY}")
    deck.run("neigh_modify exclude none\nneigh_modify exclude molecule/inter all")
    deck.refuses("run 0", f"`neigh_modify exclude molecule/inter all` {PARTLY}")


@right("`neigh_modify exclude` of pairs with a NULL type", "the student has all of its pairs")
def exclude_pairs_of_others(deck: Session) -> None:
    pair = (
        f"pair_style hybrid/overlay ipip lj/cut 4.0\npair_coeff * * ipip {MODEL} O Mo NULL\n"
        "pair_coeff 3 * lj/cut 0.001 2.5\npair_coeff 1*2 3 lj/cut 0.001 2.5\n"
    )
    deck.start(pair=pair)
    others = [int(t) for t in deck.state().tags[deck.state().types == 3]]
    deck.run(
        "group others type 3\nneigh_modify exclude group others others\n"
        "neigh_modify exclude type 1 3\ncompute p all pair ipip epair\n"
        "thermo_style custom step pe evdwl c_p\nrun 0"
    )
    energy, _ = deck.truth(without=others)
    assert abs(deck.scalar("compute", "p") - energy) < 1e-9


@refused(
    "`neigh_modify include G`, `comm_modify group G`, an atom of the student outside G",
    "its pairs would be missing",
)
def include_some_atoms(deck: Session) -> None:
    for command in ("neigh_modify include part", "comm_modify group part"):
        deck.start()
        deck.run(f"group part id 1:12\natom_modify first part\n{command}")
        deck.refuses("run 0", f"`{command}` leaves out atoms of the student")


@right(
    "`neigh_modify include G`, `comm_modify group G`, all of the student's atoms in G",
    "nothing is missing",
)
def include_all_atoms(deck: Session) -> None:
    pair = (
        f"pair_style hybrid/overlay ipip zero 3.0\npair_coeff * * ipip {MODEL} O Mo NULL\n"
        "pair_coeff * * zero\n"
    )
    deck.start(pair=pair)
    others = [int(t) for t in deck.state().tags[deck.state().types == 3]]
    deck.run(
        "group part type 1 2\natom_modify first part\nneigh_modify include part\n"
        "comm_modify group part\nrun 0"
    )
    deck.is_true(without=others)
