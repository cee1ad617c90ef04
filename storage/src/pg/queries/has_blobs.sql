-- Whether this catalogue knows of any drawing.
SELECT EXISTS (SELECT FROM blobs)
