-- Whether there is nothing that an import would add to.
SELECT NOT (EXISTS (SELECT FROM records) OR EXISTS (SELECT FROM claims) OR EXISTS (SELECT FROM blobs)
            OR EXISTS (SELECT FROM event_counts) OR EXISTS (SELECT FROM events) OR EXISTS (SELECT FROM jobs))
