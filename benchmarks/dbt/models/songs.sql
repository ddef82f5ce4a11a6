select song_id, title, artist_id, year, duration
from {{ ref('staging_songs') }}
qualify row_number() over (partition by song_id order by title, duration) = 1
