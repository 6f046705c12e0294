"""Integrators, thermostats and barostats conserve their conserved quantities."""

from __future__ import annotations

import numpy as np

from tests.pair_style.commands.registry import no_meaning, right
from tests.pair_style.commands.session import Session, same

STEPS = 25
SMALL = 2e-4  # eV, at steps of 0.2 fs


def conserves(deck: Session, fix: str, *, tolerance: float = SMALL) -> None:
    """`econserve` is constant while the energy changes, and forces are the student's."""
    deck.start()
    deck.run(
        f"velocity all create 900.0 4711\n{fix}\n"
        "thermo_style custom step pe ke etotal econserve evdwl\nrun 0"
    )
    begin, total = deck.value("econserve"), deck.value("etotal")
    deck.run(f"run {STEPS}")
    same(deck.value("econserve"), begin, tolerance, f"{fix}: conserved energy")
    if "nve" not in fix:
        assert abs(deck.value("etotal") - total) > 20 * tolerance, f"{fix} does nothing"
    deck.ends_true()


@right("`fix nve`", "the energy is conserved")
def nve(deck: Session) -> None:
    conserves(deck, "fix 1 all nve")


@right("`fix nvt`, `fix npt`, `fix nph`", "the conserved energy is, with any coupling of the box")
def nose_hoover(deck: Session) -> None:
    for fix in (
        "fix 1 all nvt temp 300.0 300.0 0.01",
        "fix 1 all npt temp 300.0 300.0 0.01 iso 5000.0 5000.0 0.5",
        "fix 1 all npt temp 900.0 900.0 0.01 aniso 5000.0 5000.0 0.5",
        "change_box all triclinic\nfix 1 all npt temp 900.0 900.0 0.01 tri 5000.0 5000.0 0.5",
        "fix 1 all nph iso 20000.0 20000.0 0.3",
    ):
        conserves(deck, fix)


@right(
    "`fix langevin`, `fix temp/csvr`, `fix temp/berendsen`, `fix temp/rescale`",
    "the conserved energy is",
)
def thermostats(deck: Session) -> None:
    for fix in (
        "fix 1 all nve\nfix 2 all temp/csvr 300.0 300.0 0.01 4711",
        "fix 1 all nve\nfix 2 all temp/berendsen 300.0 300.0 0.01",
        "fix 1 all nve\nfix 2 all temp/rescale 1 300.0 300.0 10.0 1.0",
    ):
        conserves(deck, fix, tolerance=1e-3)
    conserves(
        deck, "fix 1 all nve\nfix 2 all langevin 300.0 300.0 0.01 4711 tally yes", tolerance=5e-3
    )


@right(
    "`fix temp/csld`, `fix gjf`, `fix nvk`, `fix press/berendsen`, "
    "`fix press/langevin`, `fix nphug`, `fix msst`, `fix viscous`, `fix nve/limit`",
    "forces are the student's throughout",
)
def other_ensembles(deck: Session) -> None:
    for fix in (
        "fix 1 all nve\nfix 2 all temp/csld 300.0 300.0 0.01 4711",
        "fix 1 all gjf 300.0 300.0 0.01 4711",
        "fix 1 all nvk",
        "fix 1 all nve\nfix 2 all press/berendsen iso 5000.0 5000.0 0.1 modulus 1.0e6",
        "fix 1 all nve\nfix 2 all press/langevin iso 5000.0 5000.0 0.1 temp 300.0 300.0 4711",
        "fix 1 all nphug temp 900.0 900.0 0.05 z 9000.0 9000.0 0.1",
        "fix 1 all msst z 50.0 q 100.0 tscale 0.01",
        "fix 1 all nve\nfix 2 all viscous 0.01",
        "fix 1 all nve/limit 0.05",
    ):
        deck.start()
        deck.run(f"velocity all create 900.0 4711\n{fix}\nrun 10")
        if "berendsen" not in fix:  # which changes the box after forces were computed
            deck.is_true()
        deck.ends_true()


@right("`fix nvt/sllod` with `fix deform`", "forces are the student's in a box that shears")
def sllod(deck: Session) -> None:
    deck.start()
    deck.run(
        "change_box all triclinic\nvelocity all create 900.0 4711\n"
        "fix 1 all nvt/sllod temp 900.0 900.0 0.05\nfix 2 all deform 1 xy erate 2.0 remap v\nrun 10"
    )
    assert abs(deck.state().cell[1, 0]) > 0.01
    deck.ends_true()


@right("`fix deform`, `change_box`", "the energy changes by the work of the pressure")
def deform(deck: Session) -> None:
    deck.start()
    deck.run("thermo_style custom step pe pxx evdwl vol\nrun 0")
    energies, step = [], 1e-4
    for sign in (1.0, -2.0):
        deck.run(f"change_box all x scale {(1 + step) ** sign} remap units box\nrun 0")
        energies.append(deck.pair_energy())
    deck.run(f"change_box all x scale {1 + step} remap units box\nrun 0")
    # 1 eV/Å^3 is 1602176.6 bar.
    work = -deck.value("pxx") * deck.value("vol") * 2 * step / 1602176.6
    same(energies[0] - energies[1], work, 1e-4 * abs(work) + 1e-7, "work")
    deck.run("fix 1 all deform 1 x scale 1.02 y scale 0.99 remap x\nrun 10")
    deck.ends_true()


@right(
    "`fix rigid`, `fix rigid/small`, `fix rigid/nvt`, without exclusions",
    "net forces and torques are the student's; pairs within a body count",
)
def rigid(deck: Session) -> None:
    for fix in (
        "fix 1 all rigid group 2 a b",
        "fix 1 all rigid/nve group 2 a b",
        "fix 1 all rigid/nvt group 2 a b temp 900.0 900.0 0.01",
    ):
        deck.start()
        deck.run(
            "group a id 1:6\ngroup b id 7:12\ngroup free id 13:24\n"
            f"velocity free create 900.0 4711\n{fix}\nfix 2 free nve\n"
            "thermo_style custom step pe ke evdwl econserve\nrun 0"
        )
        deck.run("run 10")
        deck.is_true()
        deck.ends_true()
    deck.start(style="full", data="molecules.data")
    deck.run(
        "special_bonds lj/coul 1 1 1\nbond_style zero\nbond_coeff *\n"
        "group a molecule 1 2\nfix 1 a rigid/small molecule\nrun 10"
    )
    deck.is_true()


@right(
    "`fix shake`, `fix rattle`, with `special_bonds lj/coul 1 1 1`",
    "constraints act on the student's forces",
)
def shake(deck: Session) -> None:
    for style in ("shake", "rattle"):
        deck.start(style="full", data="molecules.data")
        deck.run(
            "special_bonds lj/coul 1 1 1\nbond_style harmonic\nbond_coeff 1 0.0 3.5\n"
            f"fix 1 all nve\nfix 2 all {style} 1e-6 50 0 b 1\nrun 10"
        )
        x = deck.state().positions
        box = deck.state().cell[0, 0]
        for a, b in ((0, 1), (1, 2)):
            r = x[a] - x[b]
            same(np.linalg.norm(r - box * np.round(r / box)), 3.5, 1e-3, "bond")
        deck.is_true()
        deck.ends_true()


@right(
    "`fix setforce`, `addforce`, `aveforce`, `lineforce`, `planeforce`, `spring`, "
    "`spring/self`, `spring/rg`, `restrain`, `drag`, `smd`, `efield`, `gravity`, `indent`",
    "forces of the fix and of the student add up, frozen atoms stay neighbours",
)
def added_forces(deck: Session) -> None:
    deck.start()
    deck.run("run 0")
    before = deck.state().forces
    for fix in (
        "fix 2 some setforce 0.0 0.0 0.0",
        "fix 2 some addforce 0.1 0.0 0.0",
        "fix 2 some aveforce 0.0 NULL NULL",
        "fix 2 some lineforce 1.0 0.0 0.0",
        "fix 2 some planeforce 1.0 0.0 0.0",
        "fix 2 some spring tether 1.0 1.0 1.0 1.0 0.0",
        "fix 2 some spring/self 1.0",
        "fix 2 some spring/rg 1.0 2.0",
        "fix 2 some restrain bond 1 2 1.0 1.0 3.0",
        "fix 2 some drag 1.0 1.0 1.0 0.1 1.0",
        "fix 2 some smd cvel 1.0 0.1 tether 1.0 1.0 1.0 0.0",
        "fix 2 some gravity 1.0 vector 0 0 -1",
        "fix 2 some indent 1.0 sphere 5.5 5.5 5.5 2.0",
    ):
        deck.start()
        deck.run(f"group some id 1:6\nfix 1 all nve\n{fix}\nrun 0")
        deck.is_true()
        same(deck.state().forces[6:], before[6:], 1e-9, f"{fix}: forces of other atoms")
        deck.run("run 2")
        deck.is_true()
    deck.start(style="charge", data="charges.data")
    deck.run("fix 1 all nve\nfix 2 all efield 0.1 0.0 0.0\nrun 0")
    pull = np.zeros_like(before)
    pull[:, 0] = 0.1 * np.select([deck.state().types == 1, deck.state().types == 3], [1.0, -1.0])
    same(deck.state().forces, before + pull, 1e-9, "forces in a field")


@right(
    "`fix wall/reflect`, `wall/lj93`, `wall/harmonic`, `wall/region`, `wall/piston`",
    "walls act on their own; boundaries f, s and m",
)
def walls(deck: Session) -> None:
    for fix, boundary in (
        ("fix 2 all wall/reflect zlo EDGE zhi EDGE", "p p f"),
        ("fix 2 all wall/lj93 zlo -2.0 0.1 1.0 2.0", "p p m"),
        ("fix 2 all wall/harmonic zhi 12.0 1.0 1.0 2.0", "p p m"),
        ("region r sphere 5.5 5.5 5.5 20\nfix 2 all wall/region r harmonic 1.0 1.0 1.5", "m m m"),
        ("fix 2 all wall/piston zlo temp 300.0 0.1 4711 3.0 pos 0.1 vel 0.01", "p p s"),
    ):
        deck.start(data="inside.data", boundary=boundary)
        deck.run(f"fix 1 all nve\n{fix}\nrun 5")
        deck.is_true()
        deck.ends_true()


@right(
    "`fix move`, `momentum`, `recenter`, `heat`, `ehex`, `thermal/conductivity`, `viscosity`, "
    "`accelerate/cos`, `flow/gauss`, `oneway`, `dt/reset`, `store/state`, `balance`",
    "they change positions, velocities or who owns an atom",
)
def other_fixes(deck: Session) -> None:
    for fix in (
        "group some id 1:4\ngroup rest subtract all some\nunfix 1\nfix 1 rest nve\n"
        "fix 2 some move linear 1.0 0.0 0.0",
        "fix 2 all momentum 1 linear 1 1 1 angular",
        "fix 2 all recenter 5.0 5.0 5.0 units box",
        "fix 2 all heat 1 10.0",
        "region r block 0 5 0 11 0 11\nfix 2 all ehex 1 10.0 region r",
        "fix 2 all thermal/conductivity 2 z 4",
        "fix 2 all viscosity 2 x z 4",
        "fix 2 all accelerate/cos 0.1",
        "fix 2 all flow/gauss 1 0 0",
        "region r block 0 5 0 11 0 11\nfix 2 all oneway 1 r x",
        "fix 2 all dt/reset 1 1.0e-5 1.0e-3 0.01",
        "fix 2 all store/state 1 x y z",
        "fix 2 all balance 2 1.0 shift xyz 5 1.0",
    ):
        deck.start()
        deck.run(f"velocity all create 900.0 4711\nfix 1 all nve\n{fix}\nrun 4")
        deck.ends_true()


@right("`fix ti/spring`", "the student's energy is scaled by lambda in whole")
def ti_spring(deck: Session) -> None:
    deck.start()
    deck.run("fix 1 all nve\nfix 2 all ti/spring 1.0 10 10 function 1\nrun 20")
    deck.is_true()
    deck.ends_true()


@right(
    "`fix colvars`, `fix phonon`, `fix ave/time`, `fix vector`, `fix halt`",
    "they read the present state",
)
def observers(deck: Session) -> None:
    for fix in (
        "fix 2 all colvars colvars.in",
        "fix 2 all phonon 2 4 2 phonon.map phonon sysdim 3",
        "compute p all pair ipip\nfix 2 all ave/time 1 5 5 c_p[1]\nfix 3 all vector 1 c_p",
        "variable e equal pe\nfix 2 all halt 1 v_e > 1.0e9 error hard",
    ):
        deck.start()
        deck.run(f"group first id 1:24\nfix 1 all nve\n{fix}\nrun 10")
        deck.is_true()


@right("`fix numdiff`, `fix numdiff/virial`", "differences of the energy equal forces and virial")
def numeric_derivatives(deck: Session) -> None:
    deck.start()
    deck.run(
        "fix 1 all nve\nfix 2 all numdiff 1 1.0e-4\nfix 3 all numdiff/virial 1 1.0e-5\n"
        "compute v all pressure NULL virial\nthermo_style custom step pe evdwl c_v[1] f_3[1]\nrun 0"
    )
    n = deck.lmp.extract_setting("nlocal")
    found = np.array(deck.lmp.numpy.extract_fix("2", 1, 2))[:n]
    forces = np.array(deck.lmp.numpy.extract_atom("f"))[:n]
    same(found, forces, 1e-5, "forces")
    virial = [deck.lmp.extract_fix("3", 0, 1, k) for k in (0, 1, 2, 5, 4, 3)]  # Voigt's order
    same(virial, deck.vector("v"), 0.05, "virial, bar")


@no_meaning("`fix qeq/point`", "it moves charges, which a student does not use")
def charge_equilibration(deck: Session) -> None:
    deck.start(style="charge", data="charges.data")
    deck.run("fix 1 all nve\nfix 2 all qeq/point 1 5.0 1.0e-4 50 qeq.txt\nrun 3")
    deck.is_true()
