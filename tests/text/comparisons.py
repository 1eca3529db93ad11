"""Questions that compare values."""

# None is compared as everything else is.
# ruff: noqa: E711

from __future__ import annotations

from decimal import Decimal

from text.people import LONG, Case, P

COMPARISONS: dict[str, Case] = {
    "eq": Case(
        lambda: P.name == "bob",
        [2],
        sqlite="@name COLLATE BINARY = ?",
        postgresql='@name COLLATE "C" = $1',
        mariadb="@name = ? COLLATE utf8mb4_nopad_bin",
    ),
    "not eq": Case(
        lambda: ~(P.nick == "ann"),
        [1, 2, 4],
        sqlite="(@nick COLLATE BINARY <> ? OR @nick IS NULL)",
        postgresql='(@nick COLLATE "C" <> $1 OR @nick IS NULL)',
        mariadb="(@nick <> ? COLLATE utf8mb4_nopad_bin OR @nick IS NULL)",
    ),
    "ne": Case(
        lambda: P.nick != "ann",
        [1, 2, 4],
        sqlite="(@nick COLLATE BINARY <> ? OR @nick IS NULL)",
        postgresql='(@nick COLLATE "C" <> $1 OR @nick IS NULL)',
        mariadb="(@nick <> ? COLLATE utf8mb4_nopad_bin OR @nick IS NULL)",
    ),
    "not ne": Case(
        lambda: ~(P.nick != "ann"),
        [3],
        sqlite="@nick COLLATE BINARY = ?",
        postgresql='@nick COLLATE "C" = $1',
        mariadb="@nick = ? COLLATE utf8mb4_nopad_bin",
    ),
    "eq none": Case(
        lambda: P.nick == None,
        [1],
        sqlite="@nick IS NULL",
        postgresql="@nick IS NULL",
        mariadb="@nick IS NULL",
    ),
    "ne none": Case(
        lambda: P.nick != None,
        [2, 3, 4],
        sqlite="@nick IS NOT NULL",
        postgresql="@nick IS NOT NULL",
        mariadb="@nick IS NOT NULL",
    ),
    "is_null": Case(
        lambda: P.nick.is_null(),
        [1],
        sqlite="@nick IS NULL",
        postgresql="@nick IS NULL",
        mariadb="@nick IS NULL",
    ),
    "not is_null": Case(
        lambda: ~P.nick.is_null(),
        [2, 3, 4],
        sqlite="@nick IS NOT NULL",
        postgresql="@nick IS NOT NULL",
        mariadb="@nick IS NOT NULL",
    ),
    "lt": Case(
        lambda: P.height < 1.5,
        [3],
        sqlite="@height < ?",
        postgresql="@height < $1",
        mariadb="@height < ?",
    ),
    "not lt": Case(
        lambda: ~(P.height < 1.5),
        [1, 2, 4],
        sqlite="(@height >= ? OR @height IS NULL)",
        postgresql="(@height >= $1 OR @height IS NULL)",
        mariadb="(@height >= ? OR @height IS NULL)",
    ),
    "le": Case(
        lambda: P.height <= 1.5,
        [1, 3],
        sqlite="@height <= ?",
        postgresql="@height <= $1",
        mariadb="@height <= ?",
    ),
    "not le": Case(
        lambda: ~(P.height <= 1.5),
        [2, 4],
        sqlite="(@height > ? OR @height IS NULL)",
        postgresql="(@height > $1 OR @height IS NULL)",
        mariadb="(@height > ? OR @height IS NULL)",
    ),
    "gt": Case(
        lambda: P.age > 30,
        [2],
        sqlite="@age > ?",
        postgresql="@age > $1",
        mariadb="@age > ?",
    ),
    "not gt": Case(
        lambda: ~(P.age > 30),
        [1, 3, 4],
        sqlite="(@age <= ? OR @age IS NULL)",
        postgresql="(@age <= $1 OR @age IS NULL)",
        mariadb="(@age <= ? OR @age IS NULL)",
    ),
    "ge": Case(
        lambda: P.age >= 30,
        [1, 2, 3],
        sqlite="@age >= ?",
        postgresql="@age >= $1",
        mariadb="@age >= ?",
    ),
    "not ge": Case(
        lambda: ~(P.age >= 30),
        [4],
        sqlite="(@age < ? OR @age IS NULL)",
        postgresql="(@age < $1 OR @age IS NULL)",
        mariadb="(@age < ? OR @age IS NULL)",
    ),
    "between": Case(
        lambda: P.age.between(0, 30),
        [1, 3],
        sqlite="(@age >= ? AND @age <= ?)",
        postgresql="(@age >= $1 AND @age <= $2)",
        mariadb="(@age >= ? AND @age <= ?)",
    ),
    "bare bool": Case(
        lambda: P.active & (P.age > 0),
        [1, 3],
        sqlite="(@active = ? AND @age > ?)",
        postgresql="(@active = $1 AND @age > $2)",
        mariadb="(@active = ? AND @age > ?)",
    ),
    "not bool": Case(
        lambda: ~P.active & (P.age > 0),
        [2],
        sqlite="((@active <> ? OR @active IS NULL) AND @age > ?)",
        postgresql="((@active <> $1 OR @active IS NULL) AND @age > $2)",
        mariadb="((@active <> ? OR @active IS NULL) AND @age > ?)",
    ),
    "in 0": Case(
        lambda: P.age.in_([]),
        [],
        sqlite="@age IN (SELECT value FROM json_each(?))",
        postgresql="@age IN (SELECT unnest($1::bigint[]))",
        mariadb="@age IN (/* list */ ?)",
    ),
    "not in 0": Case(
        lambda: P.age.not_in([]),
        [1, 2, 3, 4],
        sqlite="((@age IN (SELECT value FROM json_each(?))) IS NOT TRUE)",
        postgresql="((@age IN (SELECT unnest($1::bigint[]))) IS NOT TRUE)",
        mariadb="((@age IN (/* list */ ?)) IS NOT TRUE)",
    ),
    "in 1": Case(
        lambda: P.age.in_([40]),
        [2],
        sqlite="@age IN (?)",
        postgresql="@age IN ($1)",
        mariadb="@age IN (?)",
    ),
    "in 3": Case(
        lambda: P.age.in_([40, 1, 30]),
        [1, 2, 3],
        sqlite="@age IN (?, ?, ?, ?)",
        postgresql="@age IN ($1, $2, $3, $4)",
        mariadb="@age IN (?, ?, ?, ?)",
    ),
    "in 17": Case(
        lambda: P.name.in_(LONG),
        [2],
        sqlite="@name COLLATE BINARY IN (SELECT value FROM json_each(?))",
        postgresql='@name COLLATE "C" IN (SELECT unnest($1::text[]))',
        mariadb="@name IN (/* list */ ? COLLATE utf8mb4_nopad_bin)",
    ),
    "in 17 keys": Case(
        lambda: P.id.in_(range(2, 19)),
        [2, 3, 4],
        sqlite="@id IN (SELECT value FROM json_each(?))",
        postgresql="@id = ANY($1::bigint[])",
        mariadb="@id IN (/* list */ ?)",
    ),
    "not in 17 keys": Case(
        lambda: P.id.not_in(range(2, 19)),
        [1],
        sqlite="((@id IN (SELECT value FROM json_each(?))) IS NOT TRUE)",
        postgresql="((@id IN (SELECT unnest($1::bigint[]))) IS NOT TRUE)",
        mariadb="((@id IN (/* list */ ?)) IS NOT TRUE)",
    ),
    "in many keys": Case(
        lambda: P.id.in_(range(2, 2000)),
        [2, 3, 4],
        sqlite="@id IN (SELECT value FROM json_each(?))",
        postgresql="@id IN (SELECT unnest($1::bigint[]))",
        mariadb="@id IN (/* list */ ?)",
    ),
    "in many": Case(
        lambda: P.height.in_([n / 2 for n in range(50_000)]),
        [1, 4],
        sqlite="@height IN (SELECT ommi_real(value) FROM json_each(?))",
        postgresql="@height IN (SELECT unnest($1::double precision[]))",
        mariadb="@height IN (/* list */ ?)",
    ),
    "in bytes": Case(
        lambda: P.photo.in_([bytes([n]) for n in range(256)]),
        [3, 4],
        sqlite="@photo IN (SELECT ommi_blob(value) FROM json_each(?))",
        postgresql="@photo IN (SELECT unnest($1::bytea[]))",
        mariadb="@photo IN (/* list */ ?)",
    ),
    "in none": Case(
        lambda: P.nick.in_(["ann", None]),
        [1, 3],
        sqlite="(@nick COLLATE BINARY IN (?) OR @nick IS NULL)",
        postgresql='(@nick COLLATE "C" IN ($1) OR @nick IS NULL)',
        mariadb="(@nick IN (? COLLATE utf8mb4_nopad_bin) OR @nick IS NULL)",
    ),
    "not in": Case(
        lambda: P.nick.not_in(["ann"]),
        [1, 2, 4],
        sqlite="((@nick COLLATE BINARY IN (?)) IS NOT TRUE)",
        postgresql='((@nick COLLATE "C" IN ($1)) IS NOT TRUE)',
        mariadb="((@nick IN (? COLLATE utf8mb4_nopad_bin)) IS NOT TRUE)",
    ),
    "not in none": Case(
        lambda: P.nick.not_in(["ann", None]),
        [2, 4],
        sqlite="(((@nick COLLATE BINARY IN (?)) IS NOT TRUE) AND @nick IS NOT NULL)",
        postgresql='(((@nick COLLATE "C" IN ($1)) IS NOT TRUE) AND @nick IS NOT NULL)',
        mariadb="(((@nick IN (? COLLATE utf8mb4_nopad_bin)) IS NOT TRUE) AND @nick IS NOT NULL)",
    ),
    "and, or": Case(
        lambda: (P.age > 0) & (P.age < 35) | (P.id == 4),
        [1, 3, 4],
        sqlite="((@age > ? AND @age < ?) OR @id = ?)",
        postgresql="((@age > $1 AND @age < $2) OR @id = $3)",
        mariadb="((@age > ? AND @age < ?) OR @id = ?)",
    ),
    "not and": Case(
        lambda: ~((P.age > 0) & (P.age < 35)),
        [2, 4],
        sqlite="((@age <= ? OR @age IS NULL) OR (@age >= ? OR @age IS NULL))",
        postgresql="((@age <= $1 OR @age IS NULL) OR (@age >= $2 OR @age IS NULL))",
        mariadb="((@age <= ? OR @age IS NULL) OR (@age >= ? OR @age IS NULL))",
    ),
    "two fields": Case(
        lambda: P.name == P.nick,
        [4],
        sqlite="(@name COLLATE BINARY IS @nick COLLATE BINARY)",
        postgresql='(@name COLLATE "C" IS NOT DISTINCT FROM @nick COLLATE "C")',
        mariadb="(@name COLLATE utf8mb4_nopad_bin <=> @nick COLLATE utf8mb4_nopad_bin)",
    ),
    "not two fields": Case(
        lambda: P.name != P.nick,
        [1, 2, 3],
        sqlite="(NOT (@name COLLATE BINARY IS @nick COLLATE BINARY))",
        postgresql='(NOT (@name COLLATE "C" IS NOT DISTINCT FROM @nick COLLATE "C"))',
        mariadb="(NOT (@name COLLATE utf8mb4_nopad_bin <=> @nick COLLATE utf8mb4_nopad_bin))",
    ),
    "two fields in order": Case(
        lambda: P.name < P.nick,
        [],
        sqlite="(@name COLLATE BINARY < @nick COLLATE BINARY)",
        postgresql='(@name COLLATE "C" < @nick COLLATE "C")',
        mariadb="(@name COLLATE utf8mb4_nopad_bin < @nick COLLATE utf8mb4_nopad_bin)",
    ),
    "not two fields in order": Case(
        lambda: ~(P.name > P.nick),
        [1, 4],
        sqlite="((@name COLLATE BINARY > @nick COLLATE BINARY) IS NOT TRUE)",
        postgresql='((@name COLLATE "C" > @nick COLLATE "C") IS NOT TRUE)',
        mariadb=(
            "((@name COLLATE utf8mb4_nopad_bin > @nick COLLATE utf8mb4_nopad_bin) IS NOT TRUE)"
        ),
    ),
    "sum": Case(
        lambda: P.age + P.id >= 33,
        [2, 3],
        sqlite="ommi_add(@age, @id) >= ?",
        postgresql="(@age + @id) >= $1",
        mariadb="(@age + @id) >= ?",
    ),
    "product of floats": Case(
        lambda: P.height * 1e-200 < 0.0,
        [3],
        sqlite="ommi_multiply(@height, ?) < ?",
        postgresql=(
            "(SELECT CASE WHEN abs(a) < 1 AND abs(b) < 1 AND a <> 0 AND b <> 0 AND "
            "least(abs(a), abs(b)) < 1e-160 AND least(abs(a), abs(b)) * 2::float8 ^ 537 * "
            "2::float8 ^ 537 * greatest(abs(a), abs(b)) <= 0.5 THEN 0::float8 * a * b ELSE a * b "
            "END FROM (SELECT (@height)::float8 AS a, ($1)::float8 AS b) AS product) < $2"
        ),
        mariadb="(@height * ?) < ?",
    ),
    "difference": Case(
        lambda: 10 - P.age * 2 > 0,
        [4],
        sqlite="ommi_subtract(?, ommi_multiply(@age, ?)) > ?",
        postgresql="($1 - (@age * $2)) > $3",
        mariadb="(? - (@age * ?)) > ?",
    ),
    "scaled decimal": Case(
        lambda: P.price > Decimal(1),
        [1, 2],
        sqlite="@price > ?",
        postgresql="@price > $1",
        mariadb="@price > ?",
    ),
    "decimal": Case(
        lambda: P.worth > Decimal(9),
        [1],
        sqlite="@worth COLLATE ommi_decimal > ?",
        postgresql="@worth > $1",
        mariadb="@worth > ?",
    ),
    "sum of decimals": Case(
        lambda: P.price + P.worth > Decimal("10.5"),
        [1, 2],
        sqlite=(
            "ommi_add(ommi_decimal(@price, 2) COLLATE ommi_decimal, @worth COLLATE ommi_decimal)"
            " COLLATE ommi_decimal > ?"
        ),
        postgresql="(@price + @worth) > $1",
        mariadb="(@price + @worth) > ?",
    ),
}
