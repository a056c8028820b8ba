"""The cache key of our own code."""

from pipeline import code_version


def test_a_changed_line_changes_the_version_of_its_folder_only(tmp_path, monkeypatch):
    for name in ("models", "components", "dataset", "schemas"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(code_version, "ROOT", tmp_path)
    models = code_version.code_version("models")
    components = code_version.code_version("components")
    (tmp_path / "models" / "a.py").write_text("x = 2\n")
    assert code_version.code_version("models") != models
    assert code_version.code_version("components") == components
    (tmp_path / "schemas" / "a.py").write_text("x = 2\n")
    assert code_version.code_version("components") != components


def test_a_changed_schema_has_another_path(tmp_path, monkeypatch):
    schema = tmp_path / "schema.pbtxt"
    schema.write_text("one")
    monkeypatch.setattr(code_version, "SCHEMA_FILE", schema)
    first = code_version.versioned_schema(tmp_path / "out")
    assert first.read_text() == "one"
    assert code_version.versioned_schema(tmp_path / "out") == first
    schema.write_text("two")
    assert code_version.versioned_schema(tmp_path / "out") != first
