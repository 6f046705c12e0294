"""Moves that take energy differences, insert or delete atoms."""

from __future__ import annotations

from tests.pair_style.commands.registry import refused, right
from tests.pair_style.commands.session import Session, same

ROOM = 300.0  # K; 1 eV is 39 kT there, so that a move is certain to be accepted or not

LONE = "lone.data"  # eight O atoms, 12 Å apart


def free_energy(deck: Session, kind: int) -> float:
    """Energy of a lone atom, eV."""
    deck.start(data=LONE)
    deck.run(f"set group all type {kind}\nrun 0")
    return deck.pair_energy() / 8


@right(
    "`fix gcmc`, atoms (LAMMPS itself chooses full energies)",
    "a deleted atom's whole energy is removed; `mu` counts from the student's zero",
)
def gcmc_atoms(deck: Session) -> None:
    free = free_energy(deck, 2)
    assert free < -2.0  # so that an atom whose energy stayed would be deleted in both cases
    for distance, deleted in ((-1.0, True), (1.0, False)):
        deck.start(data=LONE)
        deck.run(
            f"set group all type 2\nfix g all gcmc 1 8 0 2 4711 {ROOM} {free + distance} 0.1\nrun 1"
        )
        assert deck.lmp.extract_fix("g", 0, 1, 4) > 0
        assert (deck.lmp.extract_fix("g", 0, 1, 5) > 0) == deleted
        deck.is_true()
    deck.start()
    deck.run("fix 1 all nve\nfix g all gcmc 4 6 6 3 4711 3000.0 -2.0 0.3\nrun 8")
    assert deck.lmp.extract_fix("g", 0, 1, 0) > 0
    deck.is_true()
    deck.ends_true()


@right("`fix gcmc`, molecules", "as for atoms; `intra_energy` is the molecule's whole energy")
def gcmc_molecules(deck: Session) -> None:
    deck.start(style="full", data="lone_molecules.data", read="extra/special/per/atom 4")
    deck.run("run 0")
    whole = deck.pair_energy() / 4
    # LAMMPS takes intra_energy off the energy of an insertion, and adds it at a deletion.
    for distance, deleted in ((-1.5, True), (1.5, False)):
        deck.start(style="full", data="lone_molecules.data", read="extra/special/per/atom 4")
        deck.run(
            "molecule pair pair.txt\n"
            f"fix g all gcmc 1 8 0 0 4711 {ROOM} {distance} 0.1 mol pair full_energy "
            f"intra_energy {whole}\nrun 1"
        )
        assert deck.lmp.extract_fix("g", 0, 1, 4) > 0
        assert (deck.lmp.extract_fix("g", 0, 1, 5) > 0) == deleted
        deck.is_true()


@right("`fix widom`", "the excess chemical potential counts from the student's zero")
def widom(deck: Session) -> None:
    free = free_energy(deck, 1)
    deck.start(data="alone.data")
    deck.run("fix w all widom 1 10 1 4711 3000.0\nrun 1")
    same(deck.lmp.extract_fix("w", 0, 1, 0), free, 1e-6, "chemical potential")
    deck.is_true()


@right("`fix atom/swap`", "also `semi-grand`, where `mu` counts from the student's zero")
def atom_swap(deck: Session) -> None:
    difference = free_energy(deck, 2) - free_energy(deck, 1)
    for distance, swapped in ((1.0, True), (-1.0, False)):
        deck.start(data=LONE)
        deck.run(
            f"fix s all atom/swap 1 12 4711 {ROOM} ke no semi-grand yes types 1 2 "
            f"mu 0.0 {difference + distance}\nrun 1"
        )
        types = deck.state().types
        assert (types == 2).any() == swapped, types
        deck.is_true()
    deck.start()
    deck.run("fix 1 all nve\nfix s all atom/swap 2 3 4711 3000.0 ke yes types 1 3\nrun 6")
    assert deck.lmp.extract_fix("s", 0, 1, 1) > 0
    deck.is_true()
    deck.ends_true()


@right("`fix sgcmc`, one rank", "by whole energies of each flip", ranks=(1,))
def sgcmc(deck: Session) -> None:
    free = [free_energy(deck, kind) for kind in (1, 2, 3)]
    for keywords in ("backend kernels", "backend torchscript"):
        deck.start(
            data=LONE, pair=f"pair_style ipip {keywords}\npair_coeff * * float64.pt O Mo S\n"
        )
        deck.run(
            f"fix s all sgcmc 1 1.0 {ROOM} {free[0] - free[1] + 1.0} {free[0] - free[2] - 1.0} "
            "window_moves 1\nrun 6"
        )
        types = deck.state().types
        assert (types == 3).any() and not (types == 2).any(), types
        deck.ends_true()


@refused(
    "`fix sgcmc`, several ranks",
    "LAMMPS takes differences while other ranks flip atoms",
    ranks=(2,),
)
def sgcmc_on_ranks(deck: Session) -> None:
    deck.start(data=LONE)
    deck.run(f"fix s all sgcmc 1 1.0 {ROOM} 0.0 0.0")
    deck.refuses("run 1", "fix sgcmc", "use one rank")


@right("`fix neighbor/swap`, `fix tfmc`, `fix hmc`", "they take whole energies or forces")
def other_moves(deck: Session) -> None:
    for fix in (
        "compute v all voronoi/atom neighbors yes\n"
        "fix s all neighbor/swap 2 5 4711 3000.0 3.0 v types 1 3",
        "fix 1 all tfmc 0.05 1000.0 4711",
        "velocity all create 500.0 11\nfix 1 all nve\nfix h all hmc 5 4711 500.0",
    ):
        deck.start()
        deck.run(f"{fix}\nrun 10")
        deck.ends_true()


@right("`fix mol/swap`", "it takes whole energies")
def molecule_swap(deck: Session) -> None:
    deck.start(style="full", data="lone_molecules.data")
    deck.run("fix s all mol/swap 1 5 1 3 4711 300.0\nrun 2")
    deck.is_true()


@right(
    "`fix charge/regulation`", "its trial atoms are in the system or not; a student has no charges"
)
def charge_regulation(deck: Session) -> None:
    deck.start(style="charge", data="charges.data")
    deck.run(
        "fix c all charge/regulation 1 3 pIp 3.0 pIm 3.0 temp 300.0 nevery 1 nmc 6 seed 4711\nrun 2"
    )
    deck.is_true()


@refused("`fix bond/swap`", "it requests energies of single pairs")
def bond_swap(deck: Session) -> None:
    deck.start(style="full", data="molecules.data", read="extra/bond/per/atom 4")
    deck.run(
        "special_bonds lj/coul 1 1 1\nbond_style harmonic\nbond_coeff 1 0.0 3.5\n"
        "fix s all bond/swap 1 0.5 1.3 4711"
    )
    deck.refuses("run 1", "bond/swap")


@right("`fix deposit`, `fix evaporate`", "atoms are added and removed")
def atoms_come_and_go(deck: Session) -> None:
    for commands, boundary in (
        ("region r block 0 11 0 11 0 11\nfix d all deposit 3 3 4 4711 region r near 1.2", "p p p"),
        ("region r block 0 11 0 11 0 6\nfix e all evaporate 4 2 r 4711", "p p p"),
    ):
        deck.start(boundary=boundary)
        before = deck.lmp.get_natoms()
        deck.run(f"fix 1 all nve\n{commands}\nrun 12")
        assert deck.value("atoms") != before
        deck.is_true()
        deck.ends_true()


@right(
    "`create_atoms`, `delete_atoms`, `displace_atoms`, `set type`, `reset_atoms id`",
    "the next run has the present atoms",
)
def edit_atoms(deck: Session) -> None:
    deck.start()
    deck.run("run 0\ngroup gone id 3 7 8 20\ndelete_atoms group gone\nrun 0")
    deck.is_true(forces=True)
    deck.run(
        "create_atoms 3 single 5.5 5.4 0.7 units box\nset atom 2 type 3\n"
        "displace_atoms all random 0.1 0.1 0.1 4711\nreset_atoms id\nrun 0"
    )
    deck.is_true(forces=True)


@right("`run ... pre no` after `set type`", "the new types count at once")
def set_type_without_setup(deck: Session) -> None:
    for backend in ("kernels", "torchscript"):
        deck.start(pair=f"pair_style ipip backend {backend}\npair_coeff * * float64.pt O Mo S\n")
        deck.run("fix 1 all nve\nrun 1\nset atom 2 type 3\nset atom 23 type 2\nrun 1 pre no")
        deck.is_true()


@refused(
    "`run ... pre no` after atoms were added or removed",
    "the lists belong to other atoms",
    ranks=(1,),
)
def delete_without_setup(deck: Session) -> None:
    deck.start(before="atom_modify sort 0 0.0")
    deck.run("fix 1 all nve\nrun 1\ngroup gone id 24\ndelete_atoms group gone")
    deck.refuses("run 1 pre no", "has 23 atoms, but had 24", "pre yes")
