"""Computes: what they read from the student, and what a student cannot provide."""

from __future__ import annotations

import numpy as np

from tests.pair_style.commands.registry import refused, right
from tests.pair_style.commands.session import MODEL, Session, same


@right(
    "`compute pe`, `compute pe/atom`, `compute pressure`, `compute stress/atom`, "
    "`compute centroid/stress/atom`",
    "atoms sum to the total",
)
def energies_and_stresses(deck: Session) -> None:
    deck.start()
    deck.run(
        "compute e all pe/atom\ncompute s all stress/atom NULL virial\n"
        "compute c all centroid/stress/atom NULL virial\ncompute p all pressure NULL virial\n"
        "compute se all reduce sum c_e\ncompute ss all reduce sum c_s[*]\n"
        "compute sc all reduce sum c_c[*]\nthermo_style custom step pe evdwl vol c_se c_ss[1] "
        "c_sc[1] c_p[1]\nrun 0"
    )
    deck.is_true(forces=True)
    same(deck.scalar("compute", "se"), deck.pair_energy(), 1e-9, "energy")
    total = deck.vector("p") * deck.value("vol")
    same(-deck.vector("ss"), total, 1e-5 * np.abs(total).max(), "stress")
    same(-deck.vector("sc")[:6], total, 1e-5 * np.abs(total).max(), "centroid stress")


@right(
    "`compute heat/flux` with `centroid/stress/atom`",
    "LAMMPS' definition ([more](pair_style_ipip.md#what-else-it-computes))",
)
def heat_flux(deck: Session) -> None:
    deck.start()
    deck.run(
        "velocity all create 900.0 4711\ncompute k all ke/atom\ncompute e all pe/atom\n"
        "compute c all centroid/stress/atom NULL virial\ncompute j all heat/flux k e c\n"
        "variable jx atom (c_k+c_e)*vx-(c_c[1]*vx+c_c[4]*vy+c_c[5]*vz)/1602176.6\n"
        "compute sum all reduce sum v_jx\nthermo_style custom step pe c_j[1] c_sum\nrun 0"
    )
    same(deck.vector("j")[0], deck.scalar("compute", "sum"), 1e-4, "heat flux")


@right("`compute pair ipip`, after or before `read_data`", "largest force and smallest distances")
def extremes(deck: Session) -> None:
    for backend in ("kernels", "torchscript"):
        deck.restart()
        deck.run(
            f"units metal\natom_modify map array\npair_style ipip backend {backend}\n"
            f"read_data gas.data\npair_coeff * * {MODEL} O Mo S\ncompute p all pair ipip\n"
            "thermo_style custom step pe evdwl c_p[*]\nrun 0"
        )
        state = deck.state()
        found = deck.vector("p")
        assert len(found) == 7, found
        same(found[0], np.linalg.norm(state.forces, axis=1).max(), 1e-9, "largest force")
        r = state.positions[:, None] - state.positions[None]
        r = np.linalg.norm(r - 11.0 * np.round(r / 11.0), axis=-1) + 99.0 * np.eye(len(r))
        kinds = [(a, b) for a in (1, 2, 3) for b in range(a, 4)]
        shortest = [min(5.0, r[np.ix_(state.types == a, state.types == b)].min()) for a, b in kinds]
        same(found[1:], shortest, 1e-9, "smallest distances")


@refused(
    "`compute pair ipip` between `read_data` and `pair_coeff` of a style named before",
    "its length would be wrong",
)
def extremes_too_early(deck: Session) -> None:
    deck.restart()
    deck.run("units metal\npair_style ipip\nread_data gas.data\ncompute p all pair ipip")
    deck.refuses(
        f"pair_coeff * * {MODEL} O Mo S",
        "compute p pair was defined before",
        "define it after pair_coeff",
    )


@right(
    "`compute rdf`, `msd`, `vacf`, `coord/atom`, `cna/atom`, `centro/atom`, `cluster/atom`, "
    "`voronoi/atom`, `orientorder/atom`, `property/atom`, `gyration`, `temp/com`, "
    "`pair/local dist`",
    "they read positions and neighbours, not the potential",
)
def structure(deck: Session) -> None:
    deck.start()
    deck.run(
        "compute 1 all rdf 50\ncompute 2 all msd\ncompute 3 all vacf\n"
        "compute 4 all coord/atom cutoff 4.0\n"
        "compute 5 all cna/atom 3.5\ncompute 6 all centro/atom 12\ncompute 7 all cluster/atom 3.5\n"
        "compute 8 all voronoi/atom\n"
        "compute 9 all orientorder/atom nnn NULL degrees 1 6 cutoff 4.0\n"
        "compute 10 all property/atom type\ncompute 11 all gyration\ncompute 12 all temp/com\n"
        "compute 13 all pair/local dist\ncompute c4 all reduce sum c_4\n"
        "compute m all reduce min c_13 inputs local\n"
        "dump 1 all custom 1 structure.dump id c_4 c_5 c_6 c_7 c_8[1] c_9[1] c_10\n"
        "compute p all pair ipip\nfix 1 all nve\n"
        "thermo_style custom step pe evdwl c_1[1][1] c_2[4] c_3[4] c_c4 c_11 c_12 c_m c_p[*]\nrun 3"
    )
    deck.is_true()
    same(deck.scalar("compute", "m"), deck.vector("p")[1:].min(), 1e-12, "smallest distance")


@refused(
    "`compute group/group`, `pair/local eng`, `stress/mop`, `pair_write`",
    "they request energies or forces of single pairs",
)
def single_pairs(deck: Session) -> None:
    for command, part in (
        ("compute 1 all group/group all\nthermo_style custom step c_1\nrun 0", "group/group"),
        ("compute 1 all pair/local eng\ndump 1 all local 1 d c_1\nrun 0", "pair/local"),
        (
            "compute 1 all stress/mop x center conf\nthermo_style custom step c_1[1]\nrun 0",
            "stress/mop",
        ),
        ("pair_write 1 1 10 r 1.0 2.0 table.txt curve", "pair_write"),
    ):
        deck.start()
        deck.refuses(command, part)


@refused(
    "`compute pe/tally`, `force/tally`, `stress/tally`, `heat/flux/tally`",
    "they sum energies of pairs",
)
def tallies(deck: Session) -> None:
    for style in (
        "pe/tally",
        "force/tally",
        "stress/tally",
        "heat/flux/tally",
        "heat/flux/virial/tally",
        "pe/mol/tally",
    ):
        deck.start(style="full", data="molecules.data")
        deck.run("special_bonds lj/coul 1 1 1\ngroup a id 1:12\ngroup b subtract all a")
        deck.refuses(f"compute 1 a {style} b\nrun 0", f"compute {style} sums energies of pairs")


@refused(
    "`compute fep`, `fix adapt`, `fix pair`, `compute born/matrix` of pairs",
    "they request parameters or derivatives of a pair potential",
)
def parameters(deck: Session) -> None:
    for command, part in (
        (
            "compute 1 all fep 300.0 pair ipip epsilon 1 1 0.1\n"
            "thermo_style custom step c_1[1]\nrun 0",
            "ipip",
        ),
        ("fix 1 all adapt 1 pair ipip epsilon 1 1 v_x\nvariable x equal 1.0\nrun 0", "adapt"),
        ("fix 1 all pair 1 ipip rho 0\nrun 0", "pair"),
        ("compute 1 all born/matrix\nthermo_style custom step c_1[1]\nrun 0", "born"),
    ):
        deck.start()
        deck.refuses(command, part)


@right("`compute fep/ta`, `compute born/matrix numdiff`", "by differences of the whole energy")
def perturbations(deck: Session) -> None:
    deck.start()
    deck.run("thermo_style custom step pe evdwl\nrun 0")
    before = deck.pair_energy()
    step = 1.0e-3
    deck.run(
        f"compute f all fep/ta 300.0 xy {1.0 + step}\n"
        "thermo_style custom step pe evdwl c_f[1]\nrun 0"
    )
    change = deck.vector("f")[0]
    deck.is_true()
    scale = (1.0 + step) ** 0.5
    deck.run(
        f"change_box all x scale {scale} y scale {scale} z scale {1 / (1.0 + step)} remap "
        "units box\nuncompute f\nthermo_style custom step pe evdwl\nrun 0"
    )
    same(change, deck.pair_energy() - before, 2e-2 * abs(change) + 1e-6, "energy of a test area")
    deck.start()
    deck.run(
        "compute v all pressure NULL virial\ncompute b all born/matrix numdiff 1.0e-5 v\n"
        "thermo_style custom step pe evdwl c_b[1] c_b[2] c_b[7]\nrun 0"
    )
    born = deck.vector("b")
    deck.is_true()
    assert np.isfinite(born).all() and np.abs(born).max() > 0.1, born


@right("`dynamical_matrix`, `third_order`", "by differences of the forces")
def hessian(deck: Session) -> None:
    deck.start()
    deck.run(
        "run 0\ngroup some id 1 2\ndynamical_matrix some regular 1.0e-4 file dynmat.txt binary no"
    )
    if deck.world.rank == 0:
        matrix = np.loadtxt(deck.folder / "dynmat.txt").reshape(6, -1)[:, :6]
        same(matrix, matrix.T, 1e-3 * np.abs(matrix).max(), "symmetry")
    state = deck.state()
    pushed = deck.state()
    pushed.positions[0, 0] += 1e-4
    _, plus = deck.truth(pushed)
    pushed.positions[0, 0] -= 2e-4
    _, minus = deck.truth(pushed)
    column = -(plus[0] - minus[0]) / 2e-4 / 15.999
    if deck.world.rank == 0:
        # LAMMPS writes it in 10 J/mol/Å^2 over g/mol.
        row = matrix[0, :3] / matrix[0, 0] * column[0]
        same(row, column, 1e-4 * np.abs(column).max(), "first row")
    deck.run("group two id 1\nthird_order two regular 1.0e-2 file third.txt binary no\nrun 0")
    same(deck.state().positions, state.positions, 1e-12, "positions")
    deck.is_true()
