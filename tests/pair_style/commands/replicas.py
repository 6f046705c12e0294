"""Commands of several replicas: two of one rank, and two of two ranks."""

from __future__ import annotations

from tests.pair_style.commands.registry import right
from tests.pair_style.commands.session import Session, same

RANKS = (2, 4)


@right("`temper`, `temper/npt`", "replicas run and swap by their whole energies", ranks=RANKS)
def temper(deck: Session) -> None:
    for ensemble, command in (
        ("nvt temp $t $t 0.05", "temper 12 4 $t 1 4711 1147"),
        ("npt temp $t $t 0.05 iso 5000.0 5000.0 1.0", "temper/npt 12 4 $t 1 4711 1147 5000.0"),
    ):
        deck.start(partitions=2)
        deck.run(
            f"variable t world 900.0 950.0\nvelocity all create $t 4711\nfix 1 all {ensemble}\n"
            f"{command}"
        )
        deck.is_true()
        deck.ends_true()


@right("`neb` with `fix neb`", "each image has the student's energy", ranks=RANKS)
def neb(deck: Session) -> None:
    deck.start(partitions=2)
    deck.run(
        "variable d world 0.0 0.3\ndisplace_atoms all move $d 0.0 0.0 units box\n"
        "group one id 3\ndisplace_atoms one move 0.0 $d 0.0 units box\n"
        "fix 1 all neb 1.0\ntimestep 0.0002\nmin_style quickmin\nthermo 10\n"
        "neb 0.0 0.01 10 10 10 none"
    )
    deck.ends_true()


@right(
    "`prd`, `hyper` with `fix hyper/global`",
    "events are found in the student's dynamics",
    ranks=RANKS,
)
def events(deck: Session) -> None:
    setup = (
        "velocity all create 300.0 4711\nfix 1 all nve\nfix 2 all langevin 300.0 300.0 0.1 4711\n"
        "compute e all event/displace 2.0\nthermo 10\nmin_style quickmin\n"
    )
    deck.start(partitions=2)
    deck.run(f"{setup}prd 20 10 1 10 10 e 4711 min 1e-3 1e-3 5 5")
    deck.ends_true()
    deck.start()
    deck.run(f"{setup}fix h all hyper/global 3.6 0.3 0.4 300.0\nhyper 20 10 h e min 1e-3 1e-3 5 5")
    deck.ends_true()


@right("`fix alchemy`", "forces and energies of the two students' systems are mixed", ranks=RANKS)
def alchemy(deck: Session) -> None:
    deck.start(partitions=2)
    deck.run("variable which world 1 3\nset atom 5 type ${which}\nrun 0")
    _, mine = deck.truth()
    everyone = deck.universe.allgather(mine)
    deck.run(
        "variable w world 0.25 0.75\nvariable l equal $w\n"
        "fix 1 all nve\nfix 2 all alchemy v_l\nrun 0"
    )
    same(deck.state().forces, 0.25 * everyone[0] + 0.75 * everyone[-1], 1e-8, "forces")


@right("`fix pimd/nvt`, `fix pimd/langevin`", "each bead feels the student's forces", ranks=RANKS)
def pimd(deck: Session) -> None:
    for fix in (
        "pimd/nvt method nmpimd fmass 1.0 temp 300.0 nhc 2",
        "pimd/langevin ensemble nvt temp 300.0 thermostat PILE_L 4711 tau 0.1 fixcom no",
    ):
        deck.start(partitions=2)
        deck.run(f"fix 1 all {fix}\nrun 4")
        deck.is_true()
        deck.ends_true()
