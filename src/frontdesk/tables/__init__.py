"""Tables: rows read, filtered, sorted, paged and changed; tables created."""
