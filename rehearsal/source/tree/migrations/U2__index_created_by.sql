DROP INDEX items_created_by;
