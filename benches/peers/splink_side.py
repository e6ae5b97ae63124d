"""Splink's side of benches/peers/splink.sh: two CSV files to scored links and clusters.

usage: splink_side.py A.csv B.csv OUT [THREADS]

Reads columns rec_id, given_name, surname, sex, dob (YYYY-MM-DD), suburb, postcode. The model is the
one that did best of those tried: names with term frequencies, dates by edit distance, suburb and
postcode as one comparison, nine blocking rules. Prints one line: splink, wall seconds, CPU
seconds, peak memory in MB.
"""

import logging
import os
import resource
import sys
import time

RULES = [
    "l.given_name = r.given_name and l.surname = r.surname",
    "l.dob = r.dob",
    "l.surname = r.surname and l.postcode = r.postcode"
    " and substr(l.given_name,1,1) = substr(r.given_name,1,1)",
    "l.given_name = r.given_name and l.postcode = r.postcode"
    " and substr(l.dob,1,4) = substr(r.dob,1,4)",
    "l.given_name = r.surname and l.surname = r.given_name",
    "l.surname = r.surname and substr(l.given_name,1,3) = substr(r.given_name,1,3)"
    " and substr(l.dob,1,4) = substr(r.dob,1,4)",
    "l.surname = r.surname and l.sex = r.sex and substr(l.dob,6,5) = substr(r.dob,6,5)",
    "l.given_name = r.given_name and substr(l.surname,1,4) = substr(r.surname,1,4)"
    " and l.sex = r.sex and substr(l.dob,1,4) = substr(r.dob,1,4)",
    "l.given_name = r.given_name and l.suburb = r.suburb and l.sex = r.sex"
    " and substr(l.dob,6,5) = substr(r.dob,6,5)",
]
NAMES = "l.given_name = r.given_name and l.surname = r.surname"


def main():
    files, out = sys.argv[1:3], sys.argv[3]
    threads = int(sys.argv[4]) if len(sys.argv) > 4 else 2
    logging.disable(logging.CRITICAL)
    import duckdb
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator

    os.makedirs(out, exist_ok=True)
    # What it costs to load the program is not counted, on either side of the wall clock.
    start, cpu = time.monotonic(), time.process_time()
    con = duckdb.connect()
    con.execute(f"set threads={threads}")
    con.execute(f"set temp_directory='{os.path.join(out, 'spill')}'")
    columns = ", ".join(
        f"nullif(trim({c}),'') {c}"
        for c in ("given_name", "surname", "sex", "dob", "suburb", "postcode")
    )
    for table, file in zip(("agency_a", "agency_b"), files):
        con.execute(
            f"create table {table} as select rec_id, {columns}"
            f" from read_csv('{file}', all_varchar=true, header=true)"
        )
    surname = cl.CustomComparison(output_column_name="surname", comparison_levels=[
        cll.NullLevel("surname"),
        cll.ExactMatchLevel("surname").configure(tf_adjustment_column="surname"),
        cll.ColumnsReversedLevel("given_name", "surname", symmetrical=True),
        cll.JaroWinklerLevel("surname", 0.92),
        cll.JaroWinklerLevel("surname", 0.85),
        cll.ElseLevel(),
    ])
    place = cl.CustomComparison(output_column_name="place", comparison_levels=[
        cll.And(cll.NullLevel("suburb"), cll.NullLevel("postcode")),
        cll.ExactMatchLevel("suburb").configure(tf_adjustment_column="suburb"),
        cll.ExactMatchLevel("postcode").configure(tf_adjustment_column="postcode"),
        cll.Or(cll.JaroWinklerLevel("suburb", 0.9), cll.LevenshteinLevel("postcode", 1)),
        cll.ElseLevel(),
    ])
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="rec_id",
        blocking_rules_to_generate_predictions=RULES,
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            surname,
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("sex"),
            place,
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    api = DuckDBAPI(connection=con)
    linker = Linker([api.register("agency_a"), api.register("agency_b")], settings)
    train = linker.training
    train.estimate_probability_two_random_records_match(
        [f"{NAMES} and l.dob = r.dob", "l.surname = r.surname and l.dob = r.dob and l.sex = r.sex"],
        recall=0.75,
    )
    train.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in ("l.dob = r.dob", NAMES):
        train.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True
        )
    pairs = linker.inference.predict(threshold_match_probability=0.05)
    con.execute(
        "copy (select rec_id_l, rec_id_r, match_probability, match_weight"
        f" from {pairs.physical_name}) to '{os.path.join(out, 'links.csv')}' (header)"
    )
    linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=0.95
    )
    wall, cpu = time.monotonic() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"splink {wall:.2f} {cpu:.2f} {peak:.0f}")


if __name__ == "__main__":
    main()
