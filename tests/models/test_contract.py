"""The contract of all students, for each architecture and its variants."""

from tests.models.contract import StudentContract


class TestPaiNN(StudentContract):
    architecture = "painn"


class TestPaiNNSharedGaussian(StudentContract):
    architecture = "painn"
    arguments = {"shared_filters": True, "radial": "gaussian", "layers": 3}


class TestPaiNNWithCore(StudentContract):
    architecture = "painn"
    arguments = {"zbl": True}


class TestViSNet(StudentContract):
    architecture = "visnet"
    arguments = {"attention_heads": 2, "layers": 3}


class TestViSNetSecondDegree(StudentContract):
    architecture = "visnet"
    arguments = {"attention_heads": 4, "lmax": 2, "layers": 3}
