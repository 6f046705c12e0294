"""Commands that set up a system, its box, its neighbours or how a run goes."""

from __future__ import annotations

import numpy as np

from tests.pair_style.commands.registry import no_meaning, refused, right
from tests.pair_style.commands.session import MODEL, PAIR, Session, same


def same_places(deck: Session, expected: np.ndarray) -> None:
    """Positions agree up to the box of 11 Å."""
    apart = deck.state().positions - expected
    same(apart - 11.0 * np.round(apart / 11.0), np.zeros_like(apart), 1e-8, "positions")


@right(
    "`minimize` with `min_style cg`, `sd`, `hftn`, `quickmin`, `fire`",
    "forces end below the tolerance or the energy falls",
)
def minimize(deck: Session) -> None:
    for style in ("cg", "sd", "hftn", "quickmin", "fire"):
        deck.start()
        deck.run(f"thermo_style custom step pe evdwl fmax\nrun 0\nmin_style {style}")
        before = deck.pair_energy()
        deck.run("minimize 0.0 1.0e-4 12 24")
        assert deck.pair_energy() < before - 0.05, (style, before, deck.pair_energy())
        deck.is_true()


@right("`fix box/relax`", "the pressure ends at its target")
def box_relax(deck: Session) -> None:
    deck.start()
    deck.run(
        "fix 1 all box/relax iso 50000.0 vmax 0.01\n"
        "thermo_style custom step pe evdwl press vol\nthermo 10\nmin_style cg\n"
        "min_modify line quadratic\nminimize 0.0 1.0e-6 60 400"
    )
    deck.run("unfix 1\nrun 0")
    deck.is_true(forces=True)
    assert abs(deck.value("press") - 50000.0) < 5000.0, deck.value("press")


@right("`replicate`", "the energy grows with the number of cells")
def replicate(deck: Session) -> None:
    deck.start()
    deck.run("run 0")
    cell = deck.pair_energy()
    deck.run("replicate 2 1 2\nrun 0")
    same(deck.pair_energy(), 4 * cell, 1e-8, "energy of four cells")
    deck.is_true()


@right(
    "`velocity`, `balance`, `processors`, `comm_style tiled`, `comm_modify`, "
    "`atom_modify sort`, `neigh_modify`, `neighbor`, `newton off` (one rank)",
    "who owns, sees or orders atoms changes nothing",
)
def arrangements(deck: Session) -> None:
    for before, commands in (
        ("atom_modify sort 1 2.0", "velocity all create 900.0 4711"),
        ("comm_style tiled", "balance 1.0 rcb"),
        ("", "balance 1.0 shift xyz 5 1.0\ncomm_modify cutoff 9.0 vel yes"),
        ("", "neighbor 0.5 multi\ncomm_modify mode multi"),
        ("", "neighbor 2.0 nsq\nneigh_modify every 1 delay 0 check no one 500"),
        ("newton off" if deck.world.size == 1 else "processors * 1 1", ""),
    ):
        deck.start(before=before)
        deck.run(f"fix 1 all nve\n{commands}\nrun 4")
        deck.is_true()
        deck.ends_true()


@refused(
    "`newton off` on several ranks, `dimension 2`, `units` other than metal and real",
    "see Restrictions",
)
def restrictions(deck: Session) -> None:
    if deck.world.size > 1:
        deck.start(before="newton off")
        deck.refuses("run 0", "newton is off for pairs")
    for units, dimension, part in (("lj", 3, "units are lj"), ("metal", 2, "dimension is 2")):
        deck.restart()
        deck.run(
            f"units {units}\ndimension {dimension}\nregion box block 0 9 0 9 -0.5 0.5\n"
            "create_box 3 box\ncreate_atoms 1 single 1 1 0\nmass * 1.0"
        )
        deck.refuses(f"{PAIR}\nrun 0", part)


@right("`run_style verlet`, `run_style respa` with `pair` at one level", "one level has all of it")
def respa(deck: Session) -> None:
    for style in ("verlet", "respa 2 2 pair 2", "respa 2 2 pair 1"):
        deck.start()
        deck.run(
            f"velocity all create 900.0 4711\nrun_style {style}\nfix 1 all nve\n"
            "thermo_style custom step pe evdwl etotal\nrun 0"
        )
        begin = deck.value("etotal")
        deck.run("run 10")
        same(deck.value("etotal"), begin, 1e-3, f"{style}: energy")
        deck.is_true()


@refused("`run_style respa` with `inner`, `middle`, `outer`", "the student has no such parts")
def respa_parts(deck: Session) -> None:
    deck.start()
    deck.run("run_style respa 2 2 inner 1 3.0 4.0 outer 2\nfix 1 all nve")
    deck.refuses("run 1", "inner/middle/outer")


@right("`run` with `every`, `upto`, `start`, `stop`, `pre`, `post`", "as one run")
def run_keywords(deck: Session) -> None:
    deck.start()
    deck.run("fix 1 all nve\nvelocity all create 900.0 4711\nrun 12")
    whole = deck.state().positions
    deck.start()
    deck.run(
        "fix 1 all nve\nvelocity all create 900.0 4711\nrun 3 post no\nrun 3 pre no\n"
        'run 9 upto every 1 "variable a equal step"\nrun 12 upto start 0 stop 12'
    )
    same_places(deck, whole)
    deck.is_true()


@right("`write_restart`, `read_restart`", "with both pair commands given again")
def restart(deck: Session) -> None:
    deck.start()
    deck.run(
        "fix 1 all nve\nvelocity all create 900.0 4711\nrun 4\nwrite_restart now.restart\nrun 4"
    )
    whole = deck.state().positions
    deck.restart()
    deck.run("read_restart now.restart")
    deck.refuses("run 0", "pair style")
    deck.restart()
    deck.run(f"read_restart now.restart\n{PAIR}timestep 0.0002\nfix 1 all nve\nrun 4")
    same_places(deck, whole)
    deck.is_true()


@right("`write_data`, `read_dump`, `rerun`", "the same energies again")
def files(deck: Session) -> None:
    deck.start()
    deck.run(
        "fix 1 all nve\nvelocity all create 900.0 4711\n"
        "dump 1 all custom 2 again.dump id type x y z\ndump_modify 1 sort id format float %.17g\n"
        "thermo_style custom step pe evdwl\nrun 4\nundump 1\nwrite_data again.data nocoeff"
    )
    energy = deck.pair_energy()
    deck.start()
    deck.run("thermo_style custom step pe evdwl\nrerun again.dump dump x y z")
    same(deck.pair_energy(), energy, 1e-8, "energy of the rerun")
    deck.run("read_dump again.dump 0 x y z\nrun 0")
    deck.is_true(forces=True)
    deck.start(data="again.data")
    deck.run("run 0")
    same(deck.pair_energy(), energy, 1e-6, "energy of the data file")


@right(
    "`pair_style hybrid/overlay`, `hybrid` and `hybrid/scaled`",
    "the student has all pairs of its types, times the factor of `hybrid/scaled`",
)
def hybrid(deck: Session) -> None:
    deck.start()
    deck.run("run 0")
    alone, forces = deck.pair_energy(), deck.state().forces
    zbl = "pair_coeff 1 1 zbl 8 8\npair_coeff 2 2 zbl 42 42\npair_coeff 3 3 zbl 16 16\n"
    deck.start(pair=f"pair_style hybrid/overlay zbl 1.0 1.6\n{zbl}")
    deck.run("run 0")
    core = deck.pair_energy()
    deck.start(
        pair=f"pair_style hybrid/overlay ipip zbl 1.0 1.6\npair_coeff * * ipip {MODEL} O Mo S\n"
        f"{zbl}"
    )
    deck.run("run 0")
    same(deck.pair_energy(), alone + core, 1e-8, "sum")
    deck.start(
        pair=f"pair_style hybrid/scaled 0.25 ipip 0.0 zero 3.0\n"
        f"pair_coeff * * ipip {MODEL} O Mo S\npair_coeff * * zero\n"
    )
    deck.run("run 0")
    same(deck.pair_energy(), 0.25 * alone, 1e-9, "scaled energy")
    same(deck.state().forces, 0.25 * forces, 1e-9, "scaled forces")


@refused(
    "`pair_style hybrid` that gives pairs of two of the student's types to another style",
    "use `hybrid/overlay`, or NULL",
)
def hybrid_takes_pairs(deck: Session) -> None:
    for style, coeff, part in (
        ("hybrid ipip lj/cut 4.0", "pair_coeff 1 2 lj/cut 0.1 2.0", "types 1 and 2"),
        (
            "hybrid ipip lj/cut 4.0",
            "pair_coeff 3 * lj/cut 0.1 2.0\npair_coeff 1*2 3 lj/cut 0.1 2.0",
            "types 1 and 3",
        ),
    ):
        deck.start(pair=f"pair_style {style}\npair_coeff * * ipip {MODEL} O Mo S\n{coeff}\n")
        deck.refuses("run 0", part, "to another style")


@right("`special_bonds`, bonds of NULL types", "an ML solid in classical water keeps its settings")
def bonds_of_others(deck: Session) -> None:
    pair = (
        f"pair_style hybrid/overlay ipip lj/cut 4.0\npair_coeff * * ipip {MODEL} NULL Mo NULL\n"
        "pair_coeff * * lj/cut 0.001 2.5\n"
    )
    bonds = "bond_style harmonic\nbond_coeff 1 0.0 3.5\nspecial_bonds lj/coul 0 0 0\n"
    deck.start(style="full", data="water.data", pair=pair)
    deck.run(
        f"{bonds}compute p all pair ipip epair\nthermo_style custom step pe c_p\n"
        "fix 1 all nve\nrun 4"
    )
    others = [int(t) for t in deck.state().tags[deck.state().types != 2]]
    energy, _ = deck.truth(without=others)
    same(deck.scalar("compute", "p"), energy, 1e-9, "energy")


@right(
    "`special_bonds` with a factor above 0, `fix bond/create`, `fix bond/break`, bonds of the "
    "student's atoms",
    "all neighbours are in the list, at full strength whatever the factor",
)
def bonds_kept(deck: Session) -> None:
    bonds = "bond_style harmonic\nbond_coeff 1 0.0 3.5\n"
    more = "extra/bond/per/atom 8 extra/special/per/atom 24"
    for special in ("1 1 1", "1.0e-50 1.0e-50 1.0e-50", "1 0.5 0.25"):
        deck.start(style="full", data="molecules.data", read=more)
        deck.run(f"{bonds}special_bonds lj/coul {special}\nrun 0")
        deck.is_true(forces=True)
    for fix in ("fix 2 all bond/create 1 1 1 3.6 1", "fix 2 all bond/break 1 1 3.0"):
        deck.start(style="full", data="molecules.data", read=more)
        deck.run(f"{bonds}special_bonds lj/coul 1 1 1\nfix 1 all nve\n{fix}\nrun 4")
        deck.is_true()


@refused(
    "`special_bonds` with both factors 0 between bonded atoms of the student, 1-2 to 1-4",
    "also once `fix bond/create` makes such a bond",
)
def bonds_left_out(deck: Session) -> None:
    bonds = "bond_style harmonic\nbond_coeff 1 0.0 3.5\n"
    for special in ("0 0 0", "0 1 1", "1 0 1"):
        deck.start(style="full", data="molecules.data", read="extra/special/per/atom 8")
        deck.run(f"{bonds}special_bonds lj/coul {special}")
        deck.refuses("run 0", "special_bonds leave the bonded atoms with IDs")
    deck.start(
        style="full", data="unbonded.data", read="extra/bond/per/atom 8 extra/special/per/atom 24"
    )
    deck.run(f"{bonds}fix 1 all nve\nrun 2")
    deck.is_true()
    deck.run("fix 2 all bond/create 1 1 1 3.6 1")
    deck.refuses("run 4", "special_bonds leave the bonded atoms with IDs")


@right("`kspace_style` with `hybrid/overlay` and charges", "the student's part does not change")
def kspace(deck: Session) -> None:
    pair = (
        f"pair_style hybrid/overlay ipip coul/long 4.0\npair_coeff * * ipip {MODEL} O Mo S\n"
        "pair_coeff * * coul/long\n"
    )
    deck.start(style="full", data="molecules.data", pair=pair)
    deck.run(
        "set type 1 charge 0.5\nset type 3 charge -0.5\nkspace_style pppm 1.0e-4\n"
        "bond_style zero\nbond_coeff *\ncompute p all pair ipip epair\n"
        "thermo_style custom step pe c_p\nrun 0"
    )
    energy, _ = deck.truth()
    same(deck.scalar("compute", "p"), energy, 1e-9, "energy")


@right("`suffix omp`, `package omp`, `timer`", "the student is the same")
def styles(deck: Session) -> None:
    deck.start(style="full", data="unbonded.data", before="package omp 1\nsuffix omp")
    deck.run("timer full\nfix 1 all nve\nrun 2")
    deck.is_true()


@no_meaning(
    "`pair_modify tail`, `mix`, `table`; `dielectric`", "a student has no pair coefficients"
)
def pair_modify(deck: Session) -> None:
    deck.start()
    deck.run("pair_modify tail yes mix arithmetic table 0\ndielectric 80.0\nrun 0")
    deck.is_true(forces=True)


@right("`mass`, of any isotope", "a warning where a mass is 20 % off its element's")
def masses(deck: Session) -> None:
    deck.start()
    deck.run("mass 1 17.999\nmass 3 99.0\nrun 0")
    deck.is_true()


@refused("`mass`, with the elements of pair_coeff swapped", "also in a ring of three")
def masses_swapped(deck: Session) -> None:
    for values in ((15.999, 32.06, 95.95), (32.06, 15.999, 95.95)):
        deck.start()
        deck.run("".join(f"mass {t} {m}\n" for t, m in zip((1, 2, 3), values, strict=True)))
        deck.refuses("run 0", "swapped against the masses")
