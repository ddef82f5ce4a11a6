select user_id::integer as user_id, first_name, last_name, gender, level
from {{ ref('staging_events') }}
where page = 'NextSong'
qualify row_number() over (partition by user_id order by ts desc, session_id, item_in_session desc) = 1
