"""Two-letter pieces of a text: what makes two-character names findable, for which trigrams are too long."""

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, TextField


class Bigrams(Func):
    """The distinct two-character pieces of a text, as the SQL function `bigrams` that the first migration creates."""

    function = "bigrams"
    arity = 1
    output_field = ArrayField(TextField())


CREATE = """
CREATE FUNCTION bigrams(word text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    pieces text[] := '{}';
BEGIN
    FOR i IN 1 .. length(word) - 1 LOOP
        pieces := pieces || substr(word, i, 2);
    END LOOP;
    RETURN pieces;
END
$$;
"""
DROP = "DROP FUNCTION bigrams(text);"
