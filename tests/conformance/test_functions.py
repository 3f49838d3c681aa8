"""Functions as dbt resources, in SQL."""

from dbt.tests.adapter.functions.test_udfs import (
    CanFindScalarFunctionRelation,
    DeterministicUDF,
    ErrorForUnsupportedType,
    NonDeterministicUDF,
    PythonUDFEntryPointRequired,
    PythonUDFNotSupported,
    PythonUDFRuntimeVersionRequired,
    SqlUDFDefaultArgSupport,
    StableUDF,
    UDFsBasic,
)


class TestSqlUDF(UDFsBasic):
    pass


class TestDeterministicUDF(DeterministicUDF):
    pass


class TestStableUDF(StableUDF):
    pass


class TestNonDeterministicUDF(NonDeterministicUDF):
    pass


class TestErrorForUnsupportedType(ErrorForUnsupportedType):
    pass


class TestSqlUDFDefaultArg(SqlUDFDefaultArgSupport):
    pass


class TestCanFindScalarFunctionRelation(CanFindScalarFunctionRelation):
    pass


class TestPythonUDFNotSupported(PythonUDFNotSupported):
    pass


class TestPythonUDFRuntimeVersionRequired(PythonUDFRuntimeVersionRequired):
    pass


class TestPythonUDFEntryPointRequired(PythonUDFEntryPointRequired):
    pass
